//! Who is to blame for a denial, over whole histories.

use engine::rate_limit::{Blame, Factor};
use policy::{Adaptation, CallerKey, Percent};

use super::*;

const CALLER: u64 = 1;
const QUOTA: u32 = 10;

/// What happens to one request.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// After the one before.
    millis: u64,
    cost: u32,
    /// What share of its quota its caller has left.
    factor: Factor,
    room: Room,
}

/// Whether it may wait.
#[derive(Clone, Copy, Debug)]
enum Room {
    /// Others have taken every seat.
    Full,
    Free,
}

/// So much a second, waiting for as much as half a second, and tightened at times.
fn adapting(algorithm: LimitAlgorithm) -> Limiter {
    let mut policy = LimitPolicy::new("a", Rate::new(QUOTA, SECOND).unwrap());
    policy.algorithm = algorithm;
    policy.queue = Some(SECOND / 2);
    policy.adapt = Some(Adaptation {
        min: Percent::of(1),
        tenant: CallerKey::default(),
        delay: None,
    });
    Limiter::new(&policy)
}

fn both() -> [Limiter; 2] {
    let burst = LimitAlgorithm::Gcra { burst: QUOTA };
    [burst, LimitAlgorithm::SlidingWindow].map(adapting)
}

fn asked() -> impl Strategy<Value = Asked> {
    let factor = prop_oneof![Just(1.0), 0.01..1.0];
    (0_u64..400, 1_u32..4, factor, any::<bool>()).prop_map(|(millis, cost, share, full)| Asked {
        millis,
        cost,
        factor: Factor::new(share),
        room: if full { Room::Full } else { Room::Free },
    })
}

impl Asked {
    fn at(&self, now: Duration) -> Ask {
        let queue = SECOND / 2;
        Ask {
            cost: self.cost,
            longest_wait: match self.room {
                Room::Full => Duration::ZERO,
                Room::Free => queue,
            },
            queue,
            factor: self.factor,
            ..Ask::new(now)
        }
    }
}

proptest! {
    /// Trap 25: who keeps within its own quota is never to blame, whatever an upstream that is short
    /// of room and others who wait make of it.
    #[test]
    fn who_keeps_within_its_quota_is_never_to_blame(requests in vec(asked(), 1..80)) {
        for limiter in both() {
            let cells = LimiterCells::new(1024 * 1024);
            // What the quota itself would say.
            let own = LimiterCells::new(1024 * 1024);
            let mut now = SECOND;
            for request in &requests {
                now += Duration::from_millis(request.millis);
                let ask = request.at(now);
                if let Verdict::Deny { .. } = own.decide(key(CALLER), &limiter, &ask.unhindered()) {
                    continue;
                }
                let verdict = cells.decide_tightened(key(CALLER), &limiter, &ask, Price::Known);
                prop_assert_ne!(verdict.blame(), Some(Blame::Caller), "{:?} {:?}", request, limiter);
            }
        }
    }

    /// Who asks for more than that is to blame for what the quota would not have allowed, however
    /// little is left of it: otherwise nobody could be shut out who attacks a sick upstream.
    #[test]
    fn who_asks_for_more_is_to_blame(requests in vec(asked(), 1..80)) {
        for limiter in both() {
            let cells = LimiterCells::new(1024 * 1024);
            let own = LimiterCells::new(1024 * 1024);
            let mut now = SECOND;
            for request in &requests {
                now += Duration::from_millis(request.millis);
                let ask = request.at(now);
                let wanted = own.decide(key(CALLER), &limiter, &ask.unhindered());
                let told = cells.decide_tightened(key(CALLER), &limiter, &ask, Price::Known);
                let denied = |verdict| matches!(verdict, Verdict::Deny { .. });
                if denied(wanted) && denied(told) {
                    prop_assert_eq!(told.blame(), Some(Blame::Caller), "{:?}", request);
                }
            }
        }
    }
}

/// A burst after a rest is within the quota; what is left of a tightened one allows the first two, and
/// the third is refused with a history that no quota of one's own explains.
#[test]
fn a_history_of_being_tightened_is_no_fault() {
    for limiter in both() {
        let cells = LimiterCells::new(1024 * 1024);
        let factor = Factor::new(0.25);
        let ask = Ask {
            factor,
            ..Ask::new(SECOND)
        };
        let blames: Vec<_> = (0..=QUOTA)
            .map(|_| {
                cells
                    .decide_tightened(key(CALLER), &limiter, &ask, Price::Known)
                    .blame()
            })
            .collect();
        assert_eq!(blames[..2], [None; 2], "{limiter:?}");
        assert_eq!(blames[2..QUOTA as usize], [Some(Blame::Others); 8]);
        // This one is beyond its own quota, too.
        assert_eq!(blames[QUOTA as usize], Some(Blame::Caller), "{limiter:?}");
    }
}

#[test]
fn a_full_room_is_no_fault_of_who_might_have_waited() {
    for limiter in both() {
        let cells = LimiterCells::new(1024 * 1024);
        for _ in 0..QUOTA {
            assert!(is_allowed(ask(&cells, key(CALLER), &limiter, SECOND)));
        }
        // In a window, the first turn comes free after the whole of it.
        let now = match limiter {
            Limiter::Gcra(_) => SECOND,
            Limiter::SlidingWindow(_) => SECOND + SECOND * 3 / 4,
        };
        let mut full = Ask {
            queue: SECOND / 2,
            ..Ask::new(now)
        };
        let verdict = cells.decide(key(CALLER), &limiter, &full);
        assert_eq!(verdict.blame(), Some(Blame::Others), "{limiter:?}");
        // Who may not wait, because he takes the room himself, has nobody else to blame.
        full.queue = Duration::ZERO;
        let verdict = cells.decide(key(CALLER), &limiter, &full);
        assert_eq!(verdict.blame(), Some(Blame::Caller), "{limiter:?}");
    }
}

/// What a caller is told who is counted together with others may be their fault.
#[test]
fn without_a_place_of_ones_own_nobody_is_to_blame() {
    for limiter in [gcra(1, SECOND, 2), window(2, SECOND)] {
        let cells = LimiterCells::new(0);
        crowd(&cells, &limiter, 10_000);
        let blames: Vec<_> = (0..3)
            .map(|_| ask(&cells, key(u64::MAX), &limiter, SECOND).blame())
            .collect();
        assert_eq!(blames[2], Some(Blame::Others), "{limiter:?}");
    }
}

/// Trap 25: what others did to the sketch does not become an innocent's own doing when a place comes
/// free for him.
#[test]
fn what_others_did_is_not_taken_along_into_a_place() {
    for (limiter, short) in [
        (gcra(1, 10 * SECOND, 3), gcra(10, SECOND, 1)),
        (window(3, 30 * SECOND), window(1, SECOND)),
    ] {
        let cells = LimiterCells::new(0);
        // An attacker takes all places for a second, and raises every cell of the sketch.
        for caller in 0..20_000 {
            ask(&cells, key(caller), &short, SECOND);
        }
        let now = SECOND + Duration::from_millis(1);
        for caller in 20_000..40_000 {
            while is_allowed(ask(&cells, key(caller), &limiter, now)) {}
        }
        // Their places are free by now. The innocents have never asked before.
        let later = now + 3 * SECOND;
        let mut refused = 0;
        for innocent in 50_000..50_020 {
            for _ in 0..2 {
                let verdict = ask(&cells, key(innocent), &limiter, later);
                refused += u32::from(!is_allowed(verdict));
                assert_ne!(verdict.blame(), Some(Blame::Caller), "{limiter:?}");
            }
        }
        assert!(refused > 0, "{limiter:?}: the sketch was never raised");
    }
}

/// What a request has cost in the end is put right in both histories.
#[test]
fn a_settlement_counts_for_blame_as_well() {
    for limiter in both() {
        let cells = LimiterCells::new(1024 * 1024);
        let ask = Ask::new(SECOND);
        assert!(is_allowed(cells.decide_tightened(
            key(CALLER),
            &limiter,
            &ask,
            Price::Known
        )));
        let settlement = Settlement {
            charged: 1,
            actual: QUOTA,
            turn: SECOND,
        };
        cells.settle_tightened(key(CALLER), &limiter, &settlement, SECOND);
        let verdict = cells.decide_tightened(key(CALLER), &limiter, &ask, Price::Known);
        assert_eq!(verdict.blame(), Some(Blame::Caller), "{limiter:?}");
    }
}

/// A refused request is never answered, and so nobody knows what it would have cost: it may have been
/// next to nothing.
#[test]
fn what_a_refused_request_might_have_cost_is_held_against_nobody() {
    const GUESS: u32 = QUOTA / 2;
    for limiter in both() {
        let cells = LimiterCells::new(1024 * 1024);
        let settle = |key| {
            let settlement = Settlement {
                charged: GUESS,
                actual: 1,
                turn: SECOND,
            };
            cells.settle_tightened(key, &limiter, &settlement, SECOND);
        };
        let ask = |factor| Ask {
            cost: GUESS,
            factor,
            ..Ask::new(SECOND)
        };
        // Each would cost one: five are within the quota.
        let mut refused = 0;
        for _ in 0..5 {
            let ask = ask(Factor::new(0.2));
            let verdict = cells.decide_tightened(key(CALLER), &limiter, &ask, Price::Guessed);
            match verdict.blame() {
                None => settle(key(CALLER)),
                blame => assert_eq!(blame, Some(Blame::Others), "{limiter:?}"),
            }
            refused += u32::from(!is_allowed(verdict));
        }
        assert!(refused > 2, "{limiter:?}");
        // Who has used up the whole of it, by what it did cost, is to blame all the same.
        let blames: Vec<_> = (0..3)
            .map(|_| {
                let ask = ask(Factor::ONE);
                let verdict = cells.decide_tightened(key(2), &limiter, &ask, Price::Guessed);
                verdict.blame()
            })
            .collect();
        assert_eq!(blames, [None, None, Some(Blame::Caller)], "{limiter:?}");
    }
}
