//! Space-saving counters in a heap, the least asked-for on top.

use std::collections::HashMap;

use super::{Popular, Wanted};

/// As many counters as were paid for.
#[derive(Debug)]
pub(super) struct Sketch {
    capacity: usize,
    /// A binary heap by count.
    heap: Vec<Counter>,
    places: HashMap<u128, usize>,
}

#[derive(Debug)]
struct Counter {
    hash: u128,
    count: u64,
    wanted: Wanted,
}

// === impl Sketch ===

impl Sketch {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            heap: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Counts `times` requests; `make` is called when there is no counter for them yet.
    pub(super) fn count(&mut self, hash: u128, times: u64, make: impl FnOnce() -> Wanted) {
        if let Some(&place) = self.places.get(&hash) {
            let counter = &mut self.heap[place];
            counter.count = counter.count.saturating_add(times);
            self.sink(place);
        } else if self.heap.len() < self.capacity {
            let wanted = make();
            self.places.insert(hash, self.heap.len());
            self.heap.push(Counter {
                hash,
                count: times,
                wanted,
            });
            self.rise(self.heap.len() - 1);
        } else {
            let least = &mut self.heap[0];
            self.places.remove(&least.hash);
            *least = Counter {
                hash,
                count: least.count.saturating_add(times),
                wanted: make(),
            };
            self.places.insert(hash, 0);
            self.sink(0);
        }
    }

    /// Every counter, in no order.
    pub(super) fn all(&self) -> Vec<Popular> {
        let each = self.heap.iter().map(|counter| Popular {
            wanted: counter.wanted.clone(),
            count: counter.count,
        });
        each.collect()
    }

    pub(super) fn halve(&mut self) {
        // Halving keeps the order, and with it the heap.
        for counter in &mut self.heap {
            counter.count /= 2;
        }
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 {
            let above = (place - 1) / 2;
            if self.heap[above].count <= self.heap[place].count {
                return;
            }
            self.swap(above, place);
            place = above;
        }
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let below = [2 * place + 1, 2 * place + 2].into_iter();
            let below = below.filter(|below| *below < self.heap.len());
            let Some(least) = below.min_by_key(|below| self.heap[*below].count) else {
                return;
            };
            if self.heap[place].count <= self.heap[least].count {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        for place in [one, other] {
            self.places.insert(self.heap[place].hash, place);
        }
    }
}
