//! Requests that wait for their turns under limits of their callers.
//!
//! **Nobody takes the room for himself.** What a caller may have waiting is bounded by the time that his
//! limit lets him wait, but that may be long: so there are [`OWN`] seats for each caller of a limit. Where
//! several share one limit (everybody, or all whom nobody knows) each client address has as many. And
//! because a caller may be called by whatever it sends, a client address has at most [`OF_CLIENT`] of
//! all seats, whoever it says it is. Who finds his own seats taken is refused as if he could not wait,
//! and nobody else is. Of clients behind a Unix socket nobody may know the addresses: these bounds are
//! not for them, because all of them would look like one.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::{
    caller::{Company, Holder},
    client_ip::limit_key_ip,
};
use parking_lot::Mutex;

/// So many requests may wait at the same time, whatever they wait for. Who waits keeps its request's
/// head and its connection, a few KiB, and so all of them take tens of MiB at most.
const SEATS: usize = 4096;
/// So many of them one caller has.
const OWN: usize = 64;
/// So many of them a client address has, as whatever callers.
const OF_CLIENT: usize = SEATS / 8;
const SHARDS: usize = 16;

/// Where they wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitingRoom(Arc<Room>);

#[derive(Debug, Default)]
struct Room {
    taken: AtomicUsize,
    /// Seats by who has them: by the caller, and by the client's address.
    by_sitter: [Mutex<HashMap<u128, usize>>; SHARDS],
}

/// Who wants to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sitter {
    caller: Holder,
    /// Its address, where that is known.
    client: Option<IpAddr>,
}

/// A seat in it, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Seat {
    room: WaitingRoom,
    keys: SeatKeys,
}

/// Whose seats are counted.
#[derive(Clone, Copy, Debug)]
struct SeatKeys {
    own: Option<u128>,
    client: Option<u128>,
}

/// A time to sit out.
#[derive(Debug)]
pub(crate) struct Delay {
    time: Duration,
    _seat: Seat,
}

/// Whether somebody more may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seats {
    Free,
    /// It has taken all that it may have.
    Own,
    /// Others have taken them.
    Taken,
}

// === impl WaitingRoom ===

impl WaitingRoom {
    /// Whether there is a free seat. Workers that ask at the same moment may get one each.
    pub(crate) fn seats(&self, sitter: &Sitter) -> Seats {
        let waiting = self.waiting();
        // Fewer than one caller may have: nothing has to be looked up.
        if waiting < OWN {
            return Seats::Free;
        }
        let keys = sitter.keys();
        if self.0.taken_by(keys.own) >= OWN {
            return Seats::Own;
        }
        match waiting >= SEATS || self.0.taken_by(keys.client) >= OF_CLIENT {
            true => Seats::Taken,
            false => Seats::Free,
        }
    }

    pub(crate) fn sit(&self, sitter: Sitter) -> Seat {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        let keys = sitter.keys();
        for key in keys.each() {
            *self.0.shard(key).lock().entry(key).or_default() += 1;
        }
        Seat {
            room: self.clone(),
            keys,
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

// === impl Room ===

impl Room {
    /// None where there is nobody to be counted.
    fn taken_by(&self, key: Option<u128>) -> usize {
        let taken = |key| self.shard(key).lock().get(&key).copied();
        key.and_then(taken).unwrap_or(0)
    }

    fn shard(&self, key: u128) -> &Mutex<HashMap<u128, usize>> {
        &self.by_sitter[(key ^ (key >> 64)) as usize % SHARDS]
    }
}

// === impl Sitter ===

impl Sitter {
    /// A caller of a limit, and the address that it asks from, where that is known.
    pub(crate) const fn new(caller: Holder, client: Option<IpAddr>) -> Self {
        Self { caller, client }
    }

    fn keys(&self) -> SeatKeys {
        let client = self.client.map(|client| match limit_key_ip(client) {
            IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
            IpAddr::V6(ip) => ip.to_bits(),
        });
        let key = self.caller.key;
        SeatKeys {
            own: match self.caller.company {
                Company::Alone => Some(key),
                Company::Shared => client
                    .map(|client| store::hash_of(&[&key.to_be_bytes(), &client.to_be_bytes()])),
            },
            client,
        }
    }
}

// === impl SeatKeys ===

impl SeatKeys {
    fn each(self) -> impl Iterator<Item = u128> {
        self.own.into_iter().chain(self.client)
    }
}

// === impl Seat ===

impl Drop for Seat {
    fn drop(&mut self) {
        let room = &self.room.0;
        room.taken.fetch_sub(1, Ordering::Relaxed);
        for key in self.keys.each() {
            let mut shard = room.shard(key).lock();
            if let Entry::Occupied(mut taken) = shard.entry(key) {
                *taken.get_mut() -= 1;
                if *taken.get() == 0 {
                    taken.remove();
                }
            }
        }
    }
}

// === impl Delay ===

impl Delay {
    pub(crate) const fn new(time: Duration, seat: Seat) -> Self {
        Self { time, _seat: seat }
    }

    /// The longer of the two.
    pub(crate) fn or_longer(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.time > self.time => other,
            _ => self,
        }
    }

    /// Sits it out.
    pub(crate) async fn over(self) {
        tokio::time::sleep(self.time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This caller at this address.
    fn sitter(key: u64, company: Company, address: u32) -> Sitter {
        let key = store::hash(&key.to_le_bytes());
        Sitter::new(Holder { key, company }, Some(IpAddr::V4(address.into())))
    }

    fn alone(number: u32) -> Sitter {
        sitter(u64::from(number), Company::Alone, number)
    }

    #[test]
    fn so_many_may_sit_and_no_more() {
        let room = WaitingRoom::default();
        let callers = (0..).map(alone);
        let mut seats: Vec<_> = callers.take(SEATS).map(|one| room.sit(one)).collect();
        let newcomer = alone(u32::MAX);
        assert_eq!(room.seats(&newcomer), Seats::Taken);
        seats.pop();
        assert_eq!(room.seats(&newcomer), Seats::Free);
        assert_eq!(room.waiting(), SEATS - 1);
        drop(seats);
        assert_eq!(room.waiting(), 0);
        let left = |shard: &Mutex<HashMap<u128, usize>>| shard.lock().len();
        assert!(room.0.by_sitter.iter().all(|shard| left(shard) == 0));
    }

    /// Trap 25: who has filled his own seats is refused, and nobody else is.
    #[test]
    fn one_caller_has_a_small_part_of_them() {
        for company in [Company::Alone, Company::Shared] {
            let room = WaitingRoom::default();
            let greedy = sitter(1, company, 7);
            let mut seats: Vec<_> = (0..OWN).map(|_| room.sit(greedy)).collect();
            assert_eq!(room.seats(&greedy), Seats::Own, "{company:?}");
            // Another of the same limit, and the same client under another limit.
            assert_eq!(room.seats(&sitter(2, company, 8)), Seats::Free);
            assert_eq!(room.seats(&sitter(3, company, 7)), Seats::Free);
            seats.pop();
            assert_eq!(room.seats(&greedy), Seats::Free, "{company:?}");
        }
    }

    /// A quota that everybody shares has seats for everybody, not for the first who comes.
    #[test]
    fn who_shares_a_quota_does_not_share_its_seats() {
        let room = WaitingRoom::default();
        let one = sitter(1, Company::Shared, 7);
        let _seats: Vec<_> = (0..OWN).map(|_| room.sit(one)).collect();
        assert_eq!(room.seats(&one), Seats::Own);
        assert_eq!(room.seats(&sitter(1, Company::Shared, 8)), Seats::Free);
        // Who has a quota alone has its seats wherever it asks from.
        let room = WaitingRoom::default();
        let many = |address| sitter(1, Company::Alone, address);
        let _seats: Vec<_> = (0..OWN as u32).map(|from| room.sit(many(from))).collect();
        assert_eq!(room.seats(&many(u32::MAX)), Seats::Own);
    }

    /// Trap 25: whoever makes up another name for each request does not get a room for it.
    #[test]
    fn a_client_with_many_names_leaves_room_for_others() {
        let room = WaitingRoom::default();
        let named = |name| sitter(name, Company::Alone, 7);
        let _seats: Vec<_> = (0..OF_CLIENT as u64)
            .map(|name| room.sit(named(name)))
            .collect();
        assert_eq!(room.seats(&named(u64::MAX)), Seats::Taken);
        assert_eq!(
            room.seats(&sitter(u64::MAX, Company::Alone, 8)),
            Seats::Free
        );
    }

    /// All who come through a Unix socket would look like one.
    #[test]
    fn clients_without_addresses_are_not_taken_for_one() {
        let room = WaitingRoom::default();
        let somewhere = |key: u64, company| {
            let key = store::hash(&key.to_le_bytes());
            Sitter::new(Holder { key, company }, None)
        };
        let shared = somewhere(1, Company::Shared);
        let mut seats: Vec<_> = (0..OF_CLIENT).map(|_| room.sit(shared)).collect();
        assert_eq!(room.seats(&shared), Seats::Free);
        assert_eq!(room.seats(&somewhere(2, Company::Alone)), Seats::Free);
        // Who has a quota alone has its seats all the same.
        let own = somewhere(3, Company::Alone);
        seats.extend((0..OWN).map(|_| room.sit(own)));
        assert_eq!(room.seats(&own), Seats::Own);
        drop(seats);
        assert!(room.0.by_sitter.iter().all(|shard| shard.lock().is_empty()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_delay_counts_and_the_seat_is_given_back() {
        let room = WaitingRoom::default();
        let delay = |seconds| Delay::new(Duration::from_secs(seconds), room.sit(alone(1)));
        let longer = delay(2).or_longer(Some(delay(3)));
        assert_eq!(room.waiting(), 1);
        let began = tokio::time::Instant::now();
        longer.or_longer(Some(delay(1))).over().await;
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!(room.waiting(), 0);
    }
}
