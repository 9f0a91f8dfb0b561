use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const MILLI: Duration = Duration::from_millis(1);

fn policy(on: &[RetryOn]) -> Retry {
    Retry {
        attempts: 4,
        on: on.to_vec(),
        base_delay: 100 * MILLI,
        max_delay: 250 * MILLI,
        ..built_in()
    }
}

fn everything() -> Retry {
    let on = [
        RetryOn::Connect,
        RetryOn::Reset,
        RetryOn::Status(503),
        RetryOn::Timeout,
    ];
    policy(&on)
}

const fn failed(failure: Failure) -> Setback {
    ended(AttemptEnd::Failed(failure))
}

const fn answered(status: u16, retry_after: Option<Duration>) -> Setback {
    ended(AttemptEnd::Answered {
        status,
        retry_after,
    })
}

const fn ended(end: AttemptEnd) -> Setback {
    Setback {
        attempt: 1,
        end,
        reach: Reach::Maybe,
        nature: Nature::Repeatable,
        body: Replay::Here,
        left: None,
    }
}

fn word(policy: &Retry, setback: Setback) -> &'static str {
    match decide(policy, &setback, Draw::NEUTRAL) {
        Verdict::Again { reason, .. } => reason.as_str(),
        Verdict::Stop(stop) => stop.as_str(),
    }
}

fn delay(policy: &Retry, setback: Setback, draw: Draw) -> Duration {
    match decide(policy, &setback, draw) {
        Verdict::Again { after, .. } => after,
        Verdict::Stop(stop) => panic!("stopped: {}", stop.as_str()),
    }
}

#[test]
fn each_condition_repeats_what_it_says_and_nothing_else() {
    use RetryOn::{Connect, Reset, Status, Timeout};
    let unsent = Setback {
        reach: Reach::Unsent,
        ..failed(Failure::UpstreamClosed)
    };
    let unconnected = Setback {
        reach: Reach::Unsent,
        ..failed(Failure::TryTimedOut)
    };
    let table: [(Setback, &[RetryOn], &str); 12] = [
        (failed(Failure::ConnectFailed), &[Connect], "connect"),
        (failed(Failure::ConnectTimedOut), &[Connect], "connect"),
        (failed(Failure::TlsFailed), &[Connect], "connect"),
        (failed(Failure::TlsTimedOut), &[Connect], "connect"),
        (failed(Failure::UpstreamClosed), &[Reset], "reset"),
        (unsent, &[Connect, Reset], "unsent"),
        (failed(Failure::FirstByteTimedOut), &[Timeout], "timeout"),
        (failed(Failure::TryTimedOut), &[Timeout], "timeout"),
        (unconnected, &[Connect, Timeout], "timeout"),
        (answered(503, None), &[Status(503)], "status"),
        (answered(429, None), &[Status(429)], "status"),
        (answered(500, None), &[Status(500)], "status"),
    ];
    for (setback, conditions, wanted) in table {
        for condition in [
            Connect,
            Reset,
            Timeout,
            Status(429),
            Status(500),
            Status(503),
        ] {
            let expected = match conditions.contains(&condition) {
                true => wanted,
                false => "unasked",
            };
            let got = word(&policy(&[condition]), setback);
            assert_eq!(got, expected, "{setback:?} {condition:?}");
        }
    }
}

#[test]
fn what_no_try_can_mend_is_final() {
    for failure in [
        Failure::BodyTooLarge,
        Failure::ClientGone,
        Failure::ClientStalled,
        Failure::Internal,
        Failure::QueueTimedOut,
        Failure::Shed,
        Failure::TotalTimedOut,
        Failure::UpstreamGarbage,
    ] {
        assert_eq!(word(&everything(), failed(failure)), "unasked");
    }
    assert_eq!(word(&everything(), ended(AttemptEnd::Abandoned)), "unasked");
    assert_eq!(word(&everything(), answered(200, None)), "unasked");
}

#[test]
fn what_must_not_happen_twice_is_repeated_only_when_it_has_not_happened_at_all() {
    for setback in [
        failed(Failure::UpstreamClosed),
        failed(Failure::TryTimedOut),
        answered(503, None),
    ] {
        let once = Setback {
            nature: Nature::Once,
            ..setback
        };
        assert_eq!(word(&everything(), once), "method", "{setback:?}");
    }
    for failure in [Failure::ConnectFailed, Failure::UpstreamClosed] {
        let unsent = Setback {
            nature: Nature::Once,
            reach: Reach::Unsent,
            ..failed(failure)
        };
        assert!(matches!(
            decide(&everything(), &unsent, Draw::NEUTRAL),
            Verdict::Again { .. }
        ));
    }
}

#[test]
fn a_body_that_is_gone_a_last_try_and_a_late_hour_end_it() {
    let setback = answered(503, None);
    let gone = Setback {
        body: Replay::Gone,
        ..setback
    };
    assert_eq!(word(&everything(), gone), "body");
    for (attempt, wanted) in [(3, "status"), (4, "attempts"), (5, "attempts")] {
        let nth = Setback { attempt, ..setback };
        assert_eq!(word(&everything(), nth), wanted);
    }
    for (left, wanted) in [(101, "status"), (100, "deadline"), (0, "deadline")] {
        let late = Setback {
            left: Some(left * MILLI),
            ..setback
        };
        assert_eq!(word(&everything(), late), wanted, "{left}");
    }
}

#[test]
fn the_whole_delay_doubles_up_to_the_longest() {
    let patient = Retry {
        attempts: u32::MAX,
        ..everything()
    };
    let whole = |attempt| {
        let setback = Setback {
            attempt,
            ..answered(503, None)
        };
        delay(&patient, setback, Draw::NEUTRAL).as_millis()
    };
    assert_eq!([1, 2, 3, 4, 40].map(whole), [100, 200, 250, 250, 250]);
    let drawn = delay(&patient, answered(503, None), Draw::of(1 << 63));
    assert!(drawn.abs_diff(50 * MILLI) < MILLI, "{drawn:?}");
}

#[test]
fn retry_after_is_waited_for_or_passed_on() {
    let asks = |millis| answered(503, Some(millis * MILLI));
    let policy = everything();
    assert_eq!(delay(&policy, asks(60), Draw::NEUTRAL), 160 * MILLI);
    assert_eq!(delay(&policy, asks(250), Draw::NEUTRAL), 250 * MILLI);
    assert_eq!(word(&policy, asks(251)), "retry-after");
    let late = Setback {
        left: Some(200 * MILLI),
        ..asks(200)
    };
    assert_eq!(word(&policy, late), "deadline");
}

#[test]
fn methods_and_keys_tell_what_may_happen_twice() {
    let opted_in = Retry {
        idempotency_key: true,
        ..built_in()
    };
    let mut keyed = HeaderMap::new();
    keyed.insert(&IDEMPOTENCY_KEY, HeaderValue::from_static("\"8e03978e\""));
    let mut empty = HeaderMap::new();
    empty.insert(&IDEMPOTENCY_KEY, HeaderValue::from_static(" "));
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let method: Method = method.parse().unwrap();
        let nature = nature(&built_in(), &method, &empty);
        assert_eq!(nature, Nature::Repeatable, "{method}");
    }
    for method in [Method::POST, Method::PATCH] {
        assert_eq!(nature(&opted_in, &method, &keyed), Nature::Repeatable);
        assert_eq!(nature(&opted_in, &method, &empty), Nature::Once);
        assert_eq!(nature(&built_in(), &method, &keyed), Nature::Once);
    }
}

#[test]
fn nothing_that_an_endpoint_saw_is_repeated_unasked() {
    let policy = built_in();
    assert_eq!(word(&policy, failed(Failure::ConnectFailed)), "connect");
    for setback in [
        failed(Failure::UpstreamClosed),
        failed(Failure::FirstByteTimedOut),
        answered(503, None),
    ] {
        assert_eq!(word(&policy, setback), "unasked");
    }
}

proptest! {
    #[test]
    fn no_delay_is_too_early_too_long_or_past_the_deadline(
        attempt in 1_u32..80,
        demanded in 0_u64..400,
        left in proptest::option::of(0_u64..400),
        bits: u64,
    ) {
        let policy = Retry { attempts: 100, ..everything() };
        let left = left.map(Duration::from_millis);
        let demanded = Duration::from_millis(demanded);
        let setback = Setback { attempt, left, ..answered(503, Some(demanded)) };
        if let Verdict::Again { after, .. } = decide(&policy, &setback, Draw::of(bits)) {
            prop_assert!(after >= demanded && after <= policy.max_delay);
            prop_assert!(left.is_none_or(|left| after < left));
        }
    }
}
