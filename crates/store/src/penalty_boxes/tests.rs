use policy::{BanPolicy, BanTrigger, CallerKey};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn guessing(mode: Mode, count: u32) -> Arc<PenaltyBox> {
    Arc::new(PenaltyBox {
        name: "guessing".into(),
        mode,
        penalty: Penalty::new(&BanPolicy {
            name: "guessing".to_owned(),
            mode,
            trigger: BanTrigger::Status(vec![401]),
            count,
            within: 60 * SECOND,
            key: CallerKey::client_ip(),
            duration: 10 * SECOND,
            max_duration: 100 * SECOND,
        }),
    })
}

/// All of these fall into the first shard.
fn key(number: usize) -> u128 {
    (number * SHARDS) as u128
}

fn strike(boxes: &PenaltyBoxes, of: &Arc<PenaltyBox>, number: usize, now: Duration) -> Struck {
    boxes.strike(of, key(number), now, || number.to_string().into())
}

#[test]
fn who_is_banned_is_listed_until_it_is_over() {
    let boxes = PenaltyBoxes::new(0);
    let of = guessing(Mode::Enforce, 2);
    assert_eq!(strike(&boxes, &of, 7, SECOND), Struck::Counted);
    assert!(boxes.is_empty());
    assert_eq!(boxes.list(SECOND), []);
    assert!(matches!(strike(&boxes, &of, 7, SECOND), Struck::Began(_)));
    assert!(!boxes.is_empty());
    assert_eq!(
        boxes.standing(key(7), SECOND),
        Standing::Banned(10 * SECOND)
    );
    assert_eq!(boxes.standing(key(8), SECOND), Standing::Free);
    let listed = boxes.list(2 * SECOND);
    assert_eq!(listed.len(), 1);
    assert_eq!((&*listed[0].name, &*listed[0].caller), ("guessing", "7"));
    assert_eq!(listed[0].ban.nth, 1);
    assert_eq!(boxes.begun("guessing", Mode::Enforce), 1);
    assert_eq!(boxes.begun("guessing", Mode::Shadow), 0);
    assert_eq!(boxes.list(11 * SECOND), []);
    assert_eq!(boxes.standing(key(7), 11 * SECOND), Standing::Free);
}

#[test]
fn nothing_is_remembered_for_ever() {
    let boxes = PenaltyBoxes::new(0);
    let of = guessing(Mode::Enforce, 2);
    strike(&boxes, &of, 1, SECOND);
    strike(&boxes, &of, 2, SECOND);
    strike(&boxes, &of, 2, SECOND);
    boxes.sweep(62 * SECOND);
    assert_eq!(boxes.callers(), 1, "its bans are remembered");
    assert!(!boxes.is_empty());
    boxes.sweep(112 * SECOND);
    assert_eq!(boxes.callers(), 0);
    assert!(boxes.is_empty());
}

#[test]
fn an_operator_lifts_one_or_all() {
    let boxes = PenaltyBoxes::new(0);
    let of = guessing(Mode::Enforce, 1);
    for number in 0..3 {
        strike(&boxes, &of, number, SECOND);
    }
    let other = BansMeant {
        name: Some("other"),
        caller: None,
    };
    assert_eq!(boxes.lift(other, SECOND), []);
    let one = BansMeant {
        name: Some("guessing"),
        caller: Some("1"),
    };
    assert_eq!(boxes.lift(one, SECOND).len(), 1);
    assert_eq!(boxes.standing(key(1), SECOND), Standing::Free);
    assert_eq!(boxes.list(SECOND).len(), 2);
    assert_eq!(boxes.lift(BansMeant::default(), SECOND).len(), 2);
    assert!(boxes.is_empty());
    // What led to it is forgotten as well: the next ban is a first one.
    let Struck::Began(ban) = strike(&boxes, &of, 1, SECOND) else {
        panic!("one strike is enough");
    };
    assert_eq!(ban.nth, 1);
}

#[test]
fn a_full_box_forgets_the_most_harmless() {
    let boxes = PenaltyBoxes::new(0);
    let strict = guessing(Mode::Enforce, 1);
    let mild = guessing(Mode::Enforce, 10);
    strike(&boxes, &strict, 0, SECOND);
    strike(&boxes, &mild, 1, SECOND);
    strike(&boxes, &mild, 1, SECOND);
    // A crowd of others, of whom each does it once.
    for number in 2..10_000 {
        strike(&boxes, &mild, number, SECOND);
    }
    assert_eq!(boxes.callers(), LEAST_CALLERS);
    assert_ne!(boxes.standing(key(0), SECOND), Standing::Free);
    // It still has its two strikes: eight more are ten.
    for _ in 0..7 {
        assert_eq!(strike(&boxes, &mild, 1, SECOND), Struck::Counted);
    }
    assert!(matches!(strike(&boxes, &mild, 1, SECOND), Struck::Began(_)));
}

#[test]
fn a_box_full_of_bans_keeps_the_longest() {
    let boxes = PenaltyBoxes::new(0);
    let of = guessing(Mode::Enforce, 1);
    for number in 0..LEAST_CALLERS {
        strike(&boxes, &of, number, number as u32 * SECOND / 100);
    }
    strike(&boxes, &of, LEAST_CALLERS, SECOND);
    assert_eq!(boxes.callers(), LEAST_CALLERS);
    assert_eq!(boxes.standing(key(0), SECOND), Standing::Free);
    assert_ne!(boxes.standing(key(1), SECOND), Standing::Free);
    assert_eq!(boxes.list(SECOND).len(), LEAST_CALLERS);
}

/// A map that has just grown is not half full: seven of sixteen places, each with a byte of its own.
#[test]
fn a_caller_costs_no_more_than_is_reckoned() {
    let place = size_of::<(u128, Inmate)>() + 1;
    let most = (place * 16).div_ceil(7) + PenaltyBoxes::LONGEST_NAME;
    assert!(most as u64 <= BYTES_PER_CALLER, "{most}");
}

proptest! {
    /// Whatever comes, whoever is listed is counted, and the count is nothing when nobody is.
    #[test]
    fn the_count_of_bans_is_true(
        steps in prop::collection::vec((0_usize..200, 0_u64..30, 0_u8..4), 1..400),
    ) {
        let boxes = PenaltyBoxes::new(0);
        let of = guessing(Mode::Enforce, 2);
        let mut now = SECOND;
        for (number, gap, what) in steps {
            now += Duration::from_secs(gap);
            match what {
                0 => boxes.sweep(now),
                1 => {
                    let caller = number.to_string();
                    let meant = BansMeant { name: None, caller: Some(&caller) };
                    boxes.lift(meant, now);
                }
                _ => {
                    strike(&boxes, &of, number, now);
                }
            }
            let remembered: usize = boxes
                .shards
                .iter()
                .map(|shard| {
                    let shard = shard.lock();
                    shard.0.values().filter(|inmate| inmate.offences.ban().is_some()).count()
                })
                .sum();
            prop_assert_eq!(boxes.banned.load(Ordering::Relaxed), remembered);
            prop_assert!(boxes.callers() <= LEAST_CALLERS);
        }
    }
}
