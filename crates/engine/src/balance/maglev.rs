//! A table in which each endpoint has its share of the places (Eisenbud and others, "Maglev: A Fast
//! and Reliable Software Network Load Balancer", NSDI 2016, section 3.4).
//!
//! Every endpoint has an order of its own in which it wants the places, made of its name; they take
//! turns at the best one that is still free, a heavy one more often. Shares come out even to a place,
//! and a change moves little more than the keys of who changed. A pick looks at one place.
//!
//! Turns are taken in the order of the names, so that every instance fills the same table whatever
//! the order of its file.

use policy::Endpoint;
use xxhash_rust::xxh3::xxh3_128;

/// Places; a prime, so that every step from any place meets all of them.
const PLACES: u32 = 65_537;
const FREE: u16 = u16::MAX;

/// The table, walked from any key on.
#[derive(Debug)]
pub(super) struct Maglev {
    places: Box<[u16]>,
}

/// One endpoint while the table is filled.
struct Claimant {
    endpoint: u16,
    /// The place it wants next.
    next: u32,
    step: u32,
    /// Its weight relative to the heaviest.
    weight: f64,
    /// Its turns so far would have been these, were all of them whole.
    due: f64,
}

// === impl Maglev ===

impl Maglev {
    pub(super) fn new(endpoints: &[&Endpoint]) -> Self {
        let heaviest = endpoints.iter().map(|it| it.weight.value()).max();
        let heaviest = f64::from(heaviest.unwrap_or(1));
        let mut claimants: Vec<_> = (0..FREE)
            .zip(endpoints)
            .map(|(endpoint, it)| (it.url(), Claimant::new(endpoint, it, heaviest)))
            .collect();
        claimants.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut claimants: Vec<_> = claimants.into_iter().map(|(_, it)| it).collect();
        let mut places = vec![FREE; PLACES as usize];
        let mut free = if claimants.is_empty() { 0 } else { PLACES };
        while free > 0 {
            for claimant in &mut claimants {
                claimant.due += claimant.weight;
                if claimant.due < 1.0 || free == 0 {
                    continue;
                }
                claimant.due -= 1.0;
                claimant.claim(&mut places);
                free -= 1;
            }
        }
        Self {
            places: match claimants.is_empty() {
                true => Box::default(),
                false => places.into(),
            },
        }
    }

    /// Whose the key is, then whose the next places are, round and round without end.
    pub(super) fn walk(&self, key: u64) -> impl Iterator<Item = usize> {
        let first = (key % u64::from(PLACES)) as usize;
        let (before, after) = self.places.split_at(first.min(self.places.len()));
        let around = after.iter().chain(before).cycle();
        around.map(|endpoint| usize::from(*endpoint))
    }
}

// === impl Claimant ===

impl Claimant {
    fn new(endpoint: u16, policy: &Endpoint, heaviest: f64) -> Self {
        let hash = xxh3_128(policy.url().as_bytes());
        let (high, low) = ((hash >> 64) as u64, hash as u64);
        Self {
            endpoint,
            next: (high % u64::from(PLACES)) as u32,
            step: (low % u64::from(PLACES - 1)) as u32 + 1,
            weight: f64::from(policy.weight.value()) / heaviest,
            due: 0.0,
        }
    }

    /// Takes the best place that is free; there is one.
    fn claim(&mut self, places: &mut [u16]) {
        loop {
            let place = self.next as usize;
            self.next = (self.next + self.step) % PLACES;
            if places[place] == FREE {
                places[place] = self.endpoint;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::{Scheme, Weight};

    use super::*;

    fn endpoints(weights: &[u16]) -> Vec<Endpoint> {
        (0..)
            .zip(weights)
            .map(|(number, weight)| Endpoint {
                weight: Weight::new(*weight).unwrap(),
                ..Endpoint::tcp(Scheme::Http, "app", 8000 + number)
            })
            .collect()
    }

    fn places(weights: &[u16]) -> Vec<usize> {
        let endpoints = endpoints(weights);
        let table = Maglev::new(&endpoints.iter().collect::<Vec<_>>());
        let mut counts = vec![0; weights.len()];
        for endpoint in &table.places {
            counts[usize::from(*endpoint)] += 1;
        }
        counts
    }

    #[test]
    fn shares_are_even_to_a_place() {
        for count in places(&[3, 3, 3, 3, 3, 3, 3]) {
            assert!(count.abs_diff(65_537 / 7) <= 1, "{count}");
        }
    }

    #[test]
    fn weights_are_kept_to() {
        let counts = places(&[1000, 500, 100, 1]);
        for (count, weight) in counts.iter().zip([1000.0, 500.0, 100.0, 1.0]) {
            let fair = weight / 1601.0 * 65_537.0;
            assert!((*count as f64 - fair).abs() < 2.0, "{counts:?}");
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter() {
        let endpoints = endpoints(&[1, 2, 3]);
        let [one, other]: [Vec<_>; 2] =
            [endpoints.iter().collect(), endpoints.iter().rev().collect()];
        let (table, turned) = (Maglev::new(&one), Maglev::new(&other));
        for (place, same) in table.places.iter().zip(&turned.places) {
            assert_eq!(*place, 2 - same);
        }
    }

    #[test]
    fn nobody_has_a_place_in_an_empty_table() {
        assert_eq!(Maglev::new(&[]).walk(u64::MAX).next(), None);
    }
}
