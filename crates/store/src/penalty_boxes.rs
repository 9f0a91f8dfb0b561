//! Where penalty boxes remember their callers, in bounded memory.
//!
//! **Who has done nothing costs nothing.** Only callers with a strike are remembered. As long as
//! nobody is shut out, asking whether somebody is costs one load.
//!
//! **Who is forgotten.** A fixed number of callers fits. When a shard is full, the one that is nearest
//! to harmless makes room: who has nothing left that counts, then who has the fewest bans and strikes,
//! and who is shut out only when all are, the one whose ban ends first before the others. So nobody
//! gets out of a box by sending others into it, unless those are shut out, too.
//!
//! **Shadow.** A box in shadow mode counts for itself: its bans are another box's, so that nobody is
//! shut out by what was only watched, neither on another route nor after a reload.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::penalty::{Ban, Offences, Penalty, Standing, Struck, Weight};
use parking_lot::Mutex;
use policy::Mode;

use crate::hash::KeyHashers;

const SHARDS: usize = 16;
/// What a caller costs at most: what is known of it, in a map that has just grown, and its name.
const BYTES_PER_CALLER: u64 = 576;
/// The least number of callers a shard keeps, whatever the limit.
const LEAST_CALLERS: usize = 64;

/// The callers of every box, by box and caller.
#[derive(Debug)]
pub struct PenaltyBoxes {
    shards: Box<[Mutex<Shard>]>,
    capacity: usize,
    /// Callers with a ban, over or not; what is over is found out by [`PenaltyBoxes::sweep`].
    banned: AtomicUsize,
    /// How many bans began, by box.
    begun: Mutex<Vec<(Arc<str>, Mode, u64)>>,
}

/// A box as its policy describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PenaltyBox {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it acts.
    pub mode: Mode,
    /// When it bans, and for how long.
    pub penalty: Penalty,
}

/// A caller that is shut out, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banned {
    /// The name of the box.
    pub name: Arc<str>,
    /// Whether it acts.
    pub mode: Mode,
    /// The caller, in words that may be shown.
    pub caller: Box<str>,
    /// Its ban.
    pub ban: Ban,
}

/// Which bans an operator means; what is `None` means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BansMeant<'a> {
    /// Those in the boxes of this name.
    pub name: Option<&'a str>,
    /// Those of this caller, as [`Banned`] names it.
    pub caller: Option<&'a str>,
}

#[derive(Debug, Default)]
struct Shard(HashMap<u128, Inmate, KeyHashers>);

/// What is remembered of one caller in one box.
#[derive(Debug)]
struct Inmate {
    of: Arc<PenaltyBox>,
    offences: Offences,
    /// Who it is; known from its first ban on.
    caller: Option<Box<str>>,
}

// === impl PenaltyBoxes ===

impl PenaltyBoxes {
    /// Boxes in at most `bytes` of memory.
    pub fn new(bytes: u64) -> Self {
        let callers = usize::try_from(bytes / BYTES_PER_CALLER).unwrap_or(usize::MAX);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: (callers / SHARDS).max(LEAST_CALLERS),
            banned: AtomicUsize::new(0),
            begun: Mutex::default(),
        }
    }

    /// Whether nobody is shut out anywhere; costs one load.
    pub fn is_empty(&self) -> bool {
        self.banned.load(Ordering::Relaxed) == 0
    }

    /// Whether a caller may come in; `key` is a hash of box, mode and caller.
    pub fn standing(&self, key: u128, now: Duration) -> Standing {
        if self.is_empty() {
            return Standing::Free;
        }
        match self.shard(key).lock().0.get_mut(&key) {
            None => Standing::Free,
            Some(inmate) => inmate.offences.standing(now),
        }
    }

    /// Notes that a caller has done what the box watches for; `caller` names it, should it be banned,
    /// in at most [`PenaltyBoxes::LONGEST_NAME`] bytes.
    pub fn strike(
        &self,
        of: &Arc<PenaltyBox>,
        key: u128,
        now: Duration,
        caller: impl FnOnce() -> Box<str>,
    ) -> Struck {
        let mut shard = self.shard(key).lock();
        let known = shard.0.contains_key(&key);
        if !known && shard.0.len() >= self.capacity {
            self.left(shard.make_room(now));
        }
        let inmate = shard.0.entry(key).or_insert_with(|| Inmate {
            of: Arc::clone(of),
            offences: Offences::default(),
            caller: None,
        });
        // A reload may have changed what the box asks for.
        if inmate.of != *of {
            inmate.of = Arc::clone(of);
        }
        let before = inmate.offences.ban().is_some();
        let struck = of.penalty.strike(&mut inmate.offences, now);
        if let Struck::Began(_) = struck {
            inmate.caller.get_or_insert_with(caller);
        }
        match (before, inmate.offences.ban().is_some()) {
            (false, true) => {
                self.banned.fetch_add(1, Ordering::Relaxed);
            }
            (true, false) => self.left(1),
            _ => {}
        }
        drop(shard);
        if let Struck::Began(_) = struck {
            self.count(of);
        }
        struck
    }

    /// How many bans began in the boxes of this name and mode, since the process did.
    pub fn begun(&self, name: &str, mode: Mode) -> u64 {
        let begun = self.begun.lock();
        let of = begun.iter().find(|of| *of.0 == *name && of.1 == mode);
        of.map_or(0, |of| of.2)
    }

    /// The longest name that a caller may have.
    pub const LONGEST_NAME: usize = 96;

    /// Everybody who is shut out, or would be, those whose ban began first in front.
    pub fn list(&self, now: Duration) -> Vec<Banned> {
        let mut all = Vec::new();
        for shard in &self.shards {
            for inmate in shard.lock().0.values_mut() {
                all.extend(inmate.banned(now));
            }
        }
        all.sort_by_key(|banned| banned.ban.began);
        all
    }

    /// Ends the bans that are meant and forgets what led to them; gives those it ended.
    pub fn lift(&self, meant: BansMeant<'_>, now: Duration) -> Vec<Banned> {
        let mut lifted = Vec::new();
        for shard in &self.shards {
            shard.lock().0.retain(|_, inmate| {
                let banned = inmate.banned(now).filter(|banned| meant.means(banned));
                let stays = banned.is_none();
                lifted.extend(banned);
                stays
            });
        }
        self.left(lifted.len());
        lifted
    }

    /// Forgets whoever has nothing left that counts; call it now and then.
    pub fn sweep(&self, now: Duration) {
        for shard in &self.shards {
            let mut left = 0;
            shard.lock().0.retain(|_, inmate| {
                let before = inmate.offences.ban().is_some();
                let weight = inmate.weight(now);
                left += usize::from(before && inmate.offences.ban().is_none());
                weight != Weight::Forgiven
            });
            self.left(left);
        }
    }

    /// How many callers are remembered.
    pub fn callers(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().0.len()).sum()
    }

    fn count(&self, of: &PenaltyBox) {
        let mut begun = self.begun.lock();
        let known = begun
            .iter()
            .position(|one| one.0 == of.name && one.1 == of.mode);
        match known {
            Some(at) => begun[at].2 += 1,
            // As many as there are boxes in the files that were ever loaded.
            None => begun.push((Arc::clone(&of.name), of.mode, 1)),
        }
    }

    fn shard(&self, key: u128) -> &Mutex<Shard> {
        &self.shards[key as usize % SHARDS]
    }

    /// So many with a ban are no longer remembered.
    fn left(&self, bans: usize) {
        if bans > 0 {
            self.banned.fetch_sub(bans, Ordering::Relaxed);
        }
    }
}

// === impl BansMeant ===

impl BansMeant<'_> {
    fn means(&self, banned: &Banned) -> bool {
        self.name.is_none_or(|name| name == &*banned.name)
            && self.caller.is_none_or(|caller| caller == &*banned.caller)
    }
}

// === impl Shard ===

impl Shard {
    /// Forgets the one that is nearest to harmless, and says how many bans went with it.
    fn make_room(&mut self, now: Duration) -> usize {
        let mut lightest: Option<(Weight, u128)> = None;
        let mut left = 0;
        for (key, inmate) in &mut self.0 {
            let before = inmate.offences.ban().is_some();
            let weight = inmate.weight(now);
            left += usize::from(before && inmate.offences.ban().is_none());
            if lightest.is_none_or(|(least, _)| weight < least) {
                lightest = Some((weight, *key));
            }
            if weight == Weight::Forgiven {
                break;
            }
        }
        let gone = lightest.and_then(|(_, key)| self.0.remove(&key));
        left + usize::from(gone.is_some_and(|inmate| inmate.offences.ban().is_some()))
    }
}

// === impl Inmate ===

impl Inmate {
    fn weight(&mut self, now: Duration) -> Weight {
        self.of.penalty.weight(&mut self.offences, now)
    }

    fn banned(&mut self, now: Duration) -> Option<Banned> {
        match self.offences.standing(now) {
            Standing::Free => None,
            Standing::Banned(_) => Some(Banned {
                name: Arc::clone(&self.of.name),
                mode: self.of.mode,
                caller: self.caller.clone().unwrap_or_default(),
                ban: self.offences.ban()?,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
