mod blame;
mod bounds;
mod gcra;
mod sliding_window;

use policy::{Adaptation, CallerKey, Percent, Rate};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rate(events: u32, per: Duration) -> Rate {
    Rate::new(events, per).unwrap()
}

/// A denial that its caller has earned.
fn denied(retry_after: Duration) -> Verdict {
    Verdict::Deny {
        retry_after,
        blame: Blame::Caller,
    }
}

fn is_allowed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allow { .. })
}

#[test]
fn a_limit_knows_how_long_its_requests_wait() {
    let mut policy = LimitPolicy::new("a", rate(10, SECOND));
    assert_eq!(
        Limiter::new(&policy),
        Limiter::Gcra(Gcra::new(policy.rate, 10))
    );
    policy.queue = Some(SECOND);
    let waiting = Limiter::Gcra(Gcra::new(policy.rate, 10).waiting(SECOND));
    assert_eq!(Limiter::new(&policy), waiting);
    policy.adapt = Some(Adaptation {
        min: Percent::of(20),
        tenant: CallerKey::default(),
        delay: Some(3 * SECOND),
    });
    let waiting = Gcra::new(policy.rate, 10).waiting(3 * SECOND);
    let slowing = Limiter::Gcra(waiting.slowing(Factor::new(0.2)));
    assert_eq!(Limiter::new(&policy), slowing);
    policy.algorithm = LimitAlgorithm::SlidingWindow;
    let window = Limiter::new(&policy);
    assert_eq!((window.quota(), window.window()), (10, SECOND));
}

#[test]
fn factors() {
    for (share, wanted) in [(0.5, 0.5), (2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0)] {
        assert_eq!(Factor::new(share).share(), wanted);
    }
    assert_eq!(Factor::new(0.0), Factor::LEAST);
    assert_eq!(Factor::of(Percent::of(0)), Factor::LEAST);
    assert_eq!(Factor::of(Percent::of(100)), Factor::ONE);
    assert_eq!(Factor::ONE.slowed(u64::MAX), u64::MAX);
    assert_eq!(Factor::LEAST.slowed(u64::MAX), u64::MAX);
    assert_eq!(Factor::new(0.5).slowed(7), 14);
    assert_eq!(Factor::new(0.5).of_quota(7), 3);
    assert_eq!(Factor::LEAST.of_quota(7), 1);
    assert_eq!(Factor::ONE.of_quota(u32::MAX), u32::MAX);
}

#[test]
fn header_values() {
    for (events, per, burst, wanted) in [
        (100, 60, 100, "\"per_client\";q=100;w=60"),
        (100, 1, 200, "\"per_client\";q=200;w=2"),
        (3, 1, 1, "\"per_client\";q=1;w=1"),
    ] {
        let limit = Limiter::Gcra(Gcra::new(rate(events, Duration::from_secs(per)), burst));
        assert_eq!(LimitHeaders::new("per_client", &limit).policy(), wanted);
    }
    let window = SlidingWindow::new(rate(3, Duration::from_secs(3600)), Duration::ZERO);
    let window = LimitHeaders::new("reset", &Limiter::SlidingWindow(window));
    assert_eq!(window.policy(), "\"reset\";q=3;w=3600");
    let limit = Limiter::Gcra(Gcra::new(rate(1, SECOND), 1));
    let headers = LimitHeaders::new("per_client", &limit);
    let reset = Duration::from_millis(11_001);
    let allow = Verdict::Allow {
        remaining: 42,
        reset,
    };
    let deny = denied(SECOND);
    let wait = Verdict::Wait {
        delay: 5 * SECOND,
        reset,
    };
    for (verdict, wanted) in [
        (allow, "\"per_client\";r=42;t=12"),
        (deny, "\"per_client\";r=0;t=1"),
        (wait, "\"per_client\";r=0;t=12"),
    ] {
        assert_eq!(headers.limit(verdict), wanted);
    }
    let odd = LimitHeaders::new("a\"b\\c\u{e9}\n d", &limit);
    assert_eq!(odd.policy(), "\"a_b_c__ d\";q=1;w=1");
    let long = LimitHeaders::new(&"x".repeat(300), &limit);
    let most = Verdict::Allow {
        remaining: u32::MAX,
        reset: Duration::MAX,
    };
    let told = long.limit(most);
    assert!(
        told.to_str()
            .unwrap()
            .ends_with(";r=4294967295;t=18446744073709551615")
    );
}

#[test]
fn legacy_header_values() {
    let limit = Limiter::Gcra(Gcra::new(rate(1, SECOND), 7));
    let headers = LimitHeaders::new("per_client", &limit);
    let reset = Duration::from_millis(2_500);
    for (verdict, remaining, reset) in [
        (
            Verdict::Allow {
                remaining: 4,
                reset,
            },
            "4",
            "3",
        ),
        (denied(SECOND), "0", "1"),
        (
            Verdict::Wait {
                delay: SECOND,
                reset,
            },
            "0",
            "3",
        ),
    ] {
        let told = headers.legacy(verdict);
        assert_eq!(told.limit, "7");
        assert_eq!(told.remaining, remaining);
        assert_eq!(told.reset, reset);
    }
}

#[test]
fn retry_after_is_rounded_up() {
    for (nanos, wanted) in [
        (0, "1"),
        (1, "1"),
        (1_000_000_000, "1"),
        (1_000_000_001, "2"),
    ] {
        assert_eq!(retry_after(Duration::from_nanos(nanos)), wanted);
    }
}
