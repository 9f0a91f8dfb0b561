use policy::{BanTrigger, CallerKey, Mode};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn policy(count: u32) -> BanPolicy {
    BanPolicy {
        name: "guessing".to_owned(),
        mode: Mode::Enforce,
        trigger: BanTrigger::Status(vec![401]),
        count,
        within: 60 * SECOND,
        key: CallerKey::client_ip(),
        duration: 10 * SECOND,
        max_duration: 100 * SECOND,
    }
}

fn penalty(count: u32) -> Penalty {
    Penalty::new(&policy(count))
}

/// The bans that strikes at these seconds lead to.
fn bans(penalty: &Penalty, at: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut offences = Offences::default();
    let mut began = Vec::new();
    for second in at {
        let now = Duration::from_secs(second);
        if let Struck::Began(ban) = penalty.strike(&mut offences, now) {
            began.push((second, ban.lasts.as_secs()));
        }
    }
    began
}

#[test]
fn so_many_within_the_time_are_a_ban() {
    assert_eq!(bans(&penalty(3), [0, 20, 40]), [(40, 10)]);
    // The first is forgotten when the third comes.
    assert_eq!(bans(&penalty(3), [0, 20, 60]), []);
    assert_eq!(bans(&penalty(3), [0, 20, 60, 79]), [(79, 10)]);
    assert_eq!(bans(&penalty(1), [5]), [(5, 10)]);
}

#[test]
fn a_ban_ends_by_itself() {
    let penalty = penalty(1);
    let mut offences = Offences::default();
    assert_eq!(offences.standing(SECOND), Standing::Free);
    penalty.strike(&mut offences, SECOND);
    assert_eq!(offences.standing(2 * SECOND), Standing::Banned(9 * SECOND));
    assert_eq!(offences.standing(11 * SECOND), Standing::Free);
}

#[test]
fn what_comes_during_a_ban_is_no_strike() {
    let penalty = penalty(2);
    let mut offences = Offences::default();
    penalty.strike(&mut offences, SECOND);
    penalty.strike(&mut offences, SECOND);
    assert_eq!(penalty.strike(&mut offences, 5 * SECOND), Struck::Ignored);
    assert_eq!(penalty.strike(&mut offences, 11 * SECOND), Struck::Counted);
}

#[test]
fn each_ban_is_twice_as_long_up_to_the_longest() {
    // Each strike comes just after the ban before.
    let at = [0, 10, 30, 70, 150, 250];
    let lengths: Vec<_> = bans(&penalty(1), at).into_iter().map(|ban| ban.1).collect();
    assert_eq!(lengths, [10, 20, 40, 80, 100, 100]);
}

#[test]
fn a_good_caller_begins_anew() {
    // The ban ends at 10; until 109 it has been good for 99 seconds.
    assert_eq!(bans(&penalty(1), [0, 109]), [(0, 10), (109, 20)]);
    assert_eq!(bans(&penalty(1), [0, 110]), [(0, 10), (110, 10)]);
    // A strike in between is not good behaviour.
    assert_eq!(
        bans(&penalty(2), [0, 0, 70, 150, 151]),
        [(0, 10), (151, 20)]
    );
}

#[test]
fn looking_changes_nothing() {
    let penalty = penalty(2);
    let mut offences = Offences::default();
    for second in [0, 0, 70] {
        penalty.strike(&mut offences, Duration::from_secs(second));
    }
    for second in [130, 149] {
        let weight = penalty.weight(&mut offences, Duration::from_secs(second));
        assert_eq!(
            weight,
            Weight::Watched {
                bans: 1,
                strikes: 0
            }
        );
    }
    penalty.strike(&mut offences, 150 * SECOND);
    let Struck::Began(ban) = penalty.strike(&mut offences, 151 * SECOND) else {
        panic!("two are enough");
    };
    assert_eq!(ban.nth, 2);
}

#[test]
fn the_heaviest_is_who_is_shut_out() {
    let penalty = penalty(3);
    let weight = |strikes: &[u64], at| {
        let mut offences = Offences::default();
        for second in strikes {
            penalty.strike(&mut offences, Duration::from_secs(*second));
        }
        penalty.weight(&mut offences, Duration::from_secs(at))
    };
    let rising = [
        weight(&[], 0),
        weight(&[0], 10),
        weight(&[0, 1], 10),
        weight(&[0, 0, 0], 30),
        weight(&[0, 0, 0, 20], 30),
        weight(&[0, 0, 0], 8),
        weight(&[0, 0, 0], 2),
    ];
    assert!(rising.is_sorted(), "{rising:?}");
    assert_eq!(weight(&[0, 1], 100), Weight::Forgiven);
    assert_eq!(weight(&[0, 0, 0], 110), Weight::Forgiven);
    assert_eq!(
        rising[3],
        Weight::Watched {
            bans: 1,
            strikes: 0
        }
    );
}

#[test]
fn a_ban_from_the_future_begins_now() {
    let penalty = penalty(1);
    let mut offences = Offences::default();
    penalty.strike(&mut offences, 1000 * SECOND);
    assert_eq!(offences.standing(5 * SECOND), Standing::Banned(10 * SECOND));
    assert_eq!(offences.standing(15 * SECOND), Standing::Free);
}

#[test]
fn strikes_from_the_future_are_forgotten() {
    assert_eq!(bans(&penalty(2), [1000, 5]), []);
    assert_eq!(bans(&penalty(2), [1000, 5, 6]), [(6, 10)]);
}

#[test]
fn threads_that_overtake_each_other_lose_nothing() {
    let penalty = penalty(3);
    let mut offences = Offences::default();
    let now = 100 * SECOND;
    penalty.strike(&mut offences, now);
    penalty.strike(&mut offences, now - Duration::from_micros(3));
    let struck = penalty.strike(&mut offences, now - Duration::from_micros(5));
    assert!(matches!(struck, Struck::Began(_)));
}

#[test]
fn the_largest_numbers_are_no_accident() {
    let penalty = Penalty::new(&BanPolicy {
        count: 0,
        within: Duration::MAX,
        duration: Duration::MAX,
        max_duration: Duration::MAX,
        ..policy(1)
    });
    let mut offences = Offences::default();
    assert!(matches!(
        penalty.strike(&mut offences, SECOND),
        Struck::Began(_)
    ));
    assert!(matches!(
        offences.standing(Duration::MAX),
        Standing::Free | Standing::Banned(_)
    ));
    penalty.weight(&mut offences, Duration::MAX);
}

proptest! {
    /// Nobody is banned who has not done it so often within the time, and everybody is who does it so
    /// often in seven eighths of it.
    #[test]
    fn strikes_are_counted_as_promised(
        count in 1_u32..12,
        gaps in prop::collection::vec(0_u64..30_000, 1..60),
    ) {
        let penalty = penalty(count);
        let mut offences = Offences::default();
        let mut now = SECOND;
        let mut since_ban: Vec<Duration> = Vec::new();
        for gap in gaps {
            now += Duration::from_millis(gap);
            let within = |time: Duration, strikes: &[Duration]| {
                strikes.iter().filter(|at| now - **at < time).count() as u32
            };
            match penalty.strike(&mut offences, now) {
                Struck::Ignored => continue,
                Struck::Counted => {
                    since_ban.push(now);
                    prop_assert!(within(Duration::from_millis(52_500), &since_ban) < count);
                }
                Struck::Began(_) => {
                    since_ban.push(now);
                    prop_assert!(within(60 * SECOND, &since_ban) >= count);
                    since_ban.clear();
                }
            }
        }
    }

    /// Whatever the clock does, a ban lasts no longer than the longest, and who is let in is not
    /// banned.
    #[test]
    fn a_clock_that_jumps_bans_nobody_for_longer(
        times in prop::collection::vec(0_u64..1_000_000, 1..60),
        count in 1_u32..4,
    ) {
        let penalty = penalty(count);
        let mut offences = Offences::default();
        for time in times {
            let now = Duration::from_millis(time);
            let before = offences.standing(now);
            if let Standing::Banned(left) = before {
                prop_assert!(left <= 100 * SECOND);
            }
            let struck = penalty.strike(&mut offences, now);
            prop_assert_eq!(struck == Struck::Ignored, before != Standing::Free);
            if let Struck::Began(ban) = struck {
                prop_assert_eq!(offences.standing(now), Standing::Banned(ban.lasts));
                prop_assert!(ban.lasts >= 10 * SECOND && ban.lasts <= 100 * SECOND);
            }
        }
    }

    /// The next ban of a caller that does not stop is never shorter than the last.
    #[test]
    fn bans_never_get_shorter(gaps in prop::collection::vec(0_u64..20, 1..100)) {
        let penalty = penalty(1);
        let mut offences = Offences::default();
        let mut now = SECOND;
        let mut last = Duration::ZERO;
        for gap in gaps {
            now += Duration::from_secs(gap);
            if let Struck::Began(ban) = penalty.strike(&mut offences, now) {
                prop_assert!(ban.lasts >= last);
                last = ban.lasts;
            }
        }
    }
}
