use policy::{MediaTypePattern, NegativeTtl};
use proptest::prelude::*;

use super::*;

fn seconds(number: u64) -> Option<Duration> {
    Some(Duration::from_secs(number))
}

fn ttl(number: u64) -> Times {
    Times {
        ttl: seconds(number),
        ..Times::default()
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

fn subject(code: u16) -> Subject<'static> {
    Subject {
        status: status(code),
        content_type: Some("text/html"),
        personalized: false,
    }
}

fn lifetime(
    lifetimes: &Lifetimes,
    subject: Subject<'_>,
) -> Result<(u64, LifetimeSource), SkipReason> {
    choose(lifetimes, subject)
        .lifetime
        .map(|found| (found.length.as_secs(), found.source))
}

#[test]
fn the_first_case_that_fits_refines_field_by_field() {
    let case = |statuses: &[u16], times| LifetimeCase {
        statuses: statuses.iter().map(|code| status(*code)).collect(),
        times,
        ..LifetimeCase::default()
    };
    let lifetimes = Lifetimes {
        times: Times {
            ttl: seconds(1),
            stale_while_revalidate: seconds(2),
            stale_if_error: seconds(3),
        },
        cases: vec![
            case(&[301, 302], ttl(10)),
            case(
                &[302, 200],
                Times {
                    ttl: None,
                    stale_while_revalidate: seconds(20),
                    stale_if_error: seconds(0),
                },
            ),
        ],
        ..Lifetimes::default()
    };
    for (code, expected) in [
        (301, (10, 2, 3)),
        (302, (10, 2, 3)),
        (200, (1, 20, 0)),
        (203, (1, 2, 3)),
    ] {
        let Chosen { lifetime, times } = choose(&lifetimes, subject(code));
        let found = (
            lifetime.unwrap().length.as_secs(),
            times.stale_while_revalidate.unwrap().as_secs(),
            times.stale_if_error.unwrap().as_secs(),
        );
        assert_eq!(found, expected, "{code}");
    }
}

#[test]
fn every_condition_of_a_case_must_hold() {
    let case = LifetimeCase {
        statuses: vec![status(200)],
        content_types: vec![
            MediaTypePattern::Exact("text/html".to_owned()),
            MediaTypePattern::Subtypes("image".to_owned()),
        ],
        personalized: Some(true),
        times: ttl(9),
    };
    let lifetimes = Lifetimes {
        times: ttl(1),
        cases: vec![case.clone()],
        ..Lifetimes::default()
    };
    let fitting = Subject {
        personalized: true,
        ..subject(200)
    };
    let found = |subject| lifetime(&lifetimes, subject).unwrap().0;
    assert_eq!(found(fitting), 9);
    let content_type = |content_type| Subject {
        content_type,
        ..fitting
    };
    assert_eq!(found(content_type(Some("Image/PNG"))), 9);
    assert_eq!(found(content_type(Some("text/plain"))), 1);
    assert_eq!(found(content_type(None)), 1);
    assert_eq!(found(subject(200)), 1);
    let other = Subject {
        status: status(203),
        ..fitting
    };
    assert_eq!(found(other), 1);
    let indifferent = Lifetimes {
        cases: vec![LifetimeCase {
            personalized: None,
            ..case.clone()
        }],
        ..lifetimes.clone()
    };
    for personalized in [true, false] {
        let subject = Subject {
            personalized,
            ..fitting
        };
        assert_eq!(lifetime(&indifferent, subject).unwrap().0, 9);
    }
    let for_all = Lifetimes {
        cases: vec![LifetimeCase {
            personalized: Some(false),
            ..case
        }],
        ..lifetimes
    };
    assert_eq!(lifetime(&for_all, fitting).unwrap().0, 1);
    assert_eq!(lifetime(&for_all, subject(200)).unwrap().0, 9);
}

/// TRAPS rows 13 and 22: an error is only remembered when the operator names its status.
#[test]
fn errors_need_their_status_named() {
    use LifetimeSource::{Negative, OperatorTtl};
    let negative = |code, seconds| NegativeTtl {
        status: status(code),
        ttl: Duration::from_secs(seconds),
    };
    let any = LifetimeCase {
        times: ttl(30),
        ..LifetimeCase::default()
    };
    let named = LifetimeCase {
        statuses: vec![status(404), status(302)],
        times: ttl(40),
        ..LifetimeCase::default()
    };
    let silent = LifetimeCase {
        times: Times::default(),
        ..named.clone()
    };
    let plain = Lifetimes {
        times: ttl(60),
        negative: vec![negative(404, 5), negative(410, 6)],
        ..Lifetimes::default()
    };
    let with = |case: &LifetimeCase| Lifetimes {
        cases: vec![case.clone()],
        ..plain.clone()
    };
    let none = Lifetimes {
        times: Times::default(),
        ..plain.clone()
    };
    let refused = Err(SkipReason::Status);
    for (lifetimes, code, expected) in [
        (plain.clone(), 200, Ok((60, OperatorTtl))),
        (plain.clone(), 404, Ok((5, Negative))),
        (plain.clone(), 410, Ok((6, Negative))),
        (plain.clone(), 403, refused),
        (plain.clone(), 302, refused),
        (plain.clone(), 500, refused),
        (with(&any), 404, Ok((5, Negative))),
        (with(&any), 403, refused),
        (with(&any), 200, Ok((30, OperatorTtl))),
        (with(&named), 404, Ok((40, OperatorTtl))),
        (with(&named), 302, Ok((40, OperatorTtl))),
        (with(&silent), 404, Ok((5, Negative))),
        (with(&silent), 302, refused),
        (none.clone(), 404, Ok((5, Negative))),
        (none.clone(), 200, Err(SkipReason::NoFreshness)),
        (none.clone(), 403, Err(SkipReason::NoFreshness)),
    ] {
        assert_eq!(lifetime(&lifetimes, subject(code)), expected, "{code}");
    }
    for code in [200, 203, 204, 300, 301, 308] {
        assert_eq!(lifetime(&plain, subject(code)), Ok((60, OperatorTtl)));
    }
}

/// TRAPS row 21: what the origin did not choose is shortened, never more than told.
#[test]
fn jitter_shortens_what_the_origin_did_not_choose() {
    use LifetimeSource::{
        Expires, Heuristic, MaxAge, Negative, NoCache, OperatorTtl, SharedMaxAge,
    };
    let shortened = |source, jitter, bits| {
        let lifetime = Lifetime {
            length: Duration::from_secs(100),
            source,
        };
        let found = jittered(lifetime, Percent::of(jitter), Draw::of(bits));
        assert_eq!(found.source, source);
        found.length.as_millis()
    };
    for source in [Heuristic, Negative, OperatorTtl] {
        assert_eq!(shortened(source, 20, u64::MAX), 100_000);
        assert_eq!(shortened(source, 20, 1 << 63), 90_000);
        assert_eq!(shortened(source, 20, 0), 80_000);
        assert_eq!(shortened(source, 0, 0), 100_000);
    }
    for source in [Expires, MaxAge, NoCache, SharedMaxAge] {
        assert_eq!(shortened(source, 20, 0), 100_000);
    }
}

proptest! {
    #[test]
    fn jitter_stays_within_its_share(length in any::<u64>(), jitter in 0u8..=100, bits in any::<u64>()) {
        let length = Duration::from_secs(length);
        let lifetime = Lifetime { length, source: LifetimeSource::OperatorTtl };
        let found = jittered(lifetime, Percent::of(jitter), Draw::of(bits)).length;
        prop_assert!(found <= length);
        let least = length.as_secs_f64() * (1.0 - f64::from(jitter) / 100.0);
        prop_assert!(found.as_secs_f64() >= least * 0.999_999 - 1e-6);
        let same = jittered(lifetime, Percent::of(jitter), Draw::NEUTRAL).length;
        prop_assert!(length.abs_diff(same) <= length / 1_000_000);
    }
}
