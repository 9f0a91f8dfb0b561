//! Equal keys to the same endpoint, as long as it is there.
//!
//! # Who is passed over
//! The table knows all the endpoints of a group, also the ill ones: a key whose endpoint may not be
//! picked goes on to the next place. So nothing but the keys of the ill one move when it falls ill,
//! and they come back to where they were. Only when endpoints are added or removed is a new table
//! made.
//!
//! # Groups
//! Where groups share the traffic, which one a key belongs to follows from the key as well: as a
//! group loses a part of its share, only the keys of that part move.
//!
//! # Bounded load
//! With `bounded_load` an endpoint may have so many hundredths of its fair part of all requests in
//! flight, rounded up, and who is full is passed over like the ill (Mirrokni, Thorup and
//! Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016).

use std::sync::Arc;

use policy::{Balance, Balancing, Endpoint};

use super::{
    Loads, Member, Pick,
    dice::{fraction, scattered},
    maglev::Maglev,
    ring::Ring,
    shares::Shares,
};

/// Places looked at before those that are left are looked at one by one.
const LONGEST_WALK: usize = 4096;

/// The tables of one upstream.
#[derive(Debug)]
pub(super) struct Hashed {
    groups: Box<[Group]>,
    /// Of one, relative to the mean load.
    bound: Option<f64>,
    total_weight: f64,
}

/// The table of one group.
#[derive(Debug)]
struct Group {
    /// The keys up to this fraction of all are this group's.
    until: f64,
    table: Arc<Table>,
    /// The table's endpoints as positions of the members.
    members: Box<[usize]>,
}

/// What a table was made of, and the table.
#[derive(Debug)]
struct Table {
    endpoints: Box<[Endpoint]>,
    places: Places,
}

#[derive(Debug)]
enum Places {
    Maglev(Maglev),
    Ring(Ring),
}

// === impl Hashed ===

impl Hashed {
    /// Tables for these shares; those of `previous` are kept where they still hold.
    pub(super) fn new(
        balance: Balance,
        policy: &Balancing,
        members: &[Member<'_>],
        shares: &Shares,
        previous: Option<&Self>,
    ) -> Self {
        let mut until = 0.0;
        let groups = shares.groups.iter().map(|group| {
            until += group.share;
            let endpoints: Vec<_> = group
                .members
                .iter()
                .map(|at| members[*at].endpoint)
                .collect();
            Group {
                until,
                table: previous
                    .and_then(|previous| previous.table(balance, &endpoints))
                    .unwrap_or_else(|| Arc::new(Table::new(balance, &endpoints))),
                members: group.members.as_slice().into(),
            }
        });
        Self {
            groups: groups.collect(),
            bound: policy.bounded_load.map(|bound| f64::from(bound) / 100.0),
            total_weight: shares.weights.iter().sum(),
        }
    }

    /// The endpoint of `key`, or the next on its way that has a weight, was not tried and is not
    /// full; who is full is better than nobody.
    pub(super) fn pick(
        &self,
        key: u64,
        tried: &[usize],
        weights: &[f64],
        loads: &impl Loads,
    ) -> Pick {
        let may = |at: &usize| weights[*at] > 0.0 && !tried.contains(at);
        let mut first = None;
        if let Some(group) = self.group(key) {
            let full = self
                .bound
                .map(|bound| bound * (loads.total_in_flight() as f64 + 1.0) / self.total_weight);
            for at in group.walk(key).filter(may) {
                let is_full = full
                    .is_some_and(|full| loads.in_flight(at) as f64 >= (full * weights[at]).ceil());
                if !is_full {
                    return Pick::Endpoint(at);
                }
                first = first.or(Some(at));
            }
        }
        let count = weights.len();
        let rest = || (0..count).map(|step| (key as usize % count + step) % count);
        first
            .or_else(|| rest().find(may))
            .map_or(Pick::NoneLeft, Pick::Endpoint)
    }

    fn group(&self, key: u64) -> Option<&Group> {
        let at = fraction(scattered(key));
        let mut groups = self.groups.iter();
        groups.find(|group| at < group.until).or(self.groups.last())
    }

    fn table(&self, balance: Balance, endpoints: &[&Endpoint]) -> Option<Arc<Table>> {
        let mut tables = self.groups.iter().map(|group| &group.table);
        tables
            .find(|table| table.is_of(balance, endpoints))
            .map(Arc::clone)
    }
}

#[cfg(test)]
impl Hashed {
    /// Unlike that of any other table.
    pub(super) fn table_address(&self) -> *const () {
        Arc::as_ptr(&self.groups[0].table).cast()
    }
}

// === impl Group ===

impl Group {
    fn walk(&self, key: u64) -> impl Iterator<Item = usize> {
        let (maglev, ring) = match &self.table.places {
            Places::Maglev(maglev) => (Some(maglev.walk(key)), None),
            Places::Ring(ring) => (None, Some(ring.walk(key))),
        };
        let places = maglev.into_iter().flatten();
        places
            .chain(ring.into_iter().flatten())
            .take(LONGEST_WALK)
            .map(|place| self.members[place])
    }
}

// === impl Table ===

impl Table {
    fn new(balance: Balance, endpoints: &[&Endpoint]) -> Self {
        Self {
            places: match balance {
                Balance::Maglev => Places::Maglev(Maglev::new(endpoints)),
                _ => Places::Ring(Ring::new(endpoints)),
            },
            endpoints: endpoints.iter().map(|it| (*it).clone()).collect(),
        }
    }

    /// Whether a new one would be the same.
    fn is_of(&self, balance: Balance, endpoints: &[&Endpoint]) -> bool {
        let same_way = matches!(
            (&self.places, balance),
            (Places::Maglev(_), Balance::Maglev) | (Places::Ring(_), Balance::RingHash)
        );
        same_way && self.endpoints.iter().eq(endpoints.iter().copied())
    }
}
