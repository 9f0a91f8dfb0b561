use super::*;
use crate::outcome::SkipReason;

fn told(status: CacheStatus) -> String {
    status.header_value().to_str().unwrap().to_owned()
}

#[test]
fn what_is_told() {
    let none = CacheStatus::default();
    let ok = Some(StatusCode::OK);
    let skipped = |reason| Some(StoreOutcome::Skipped(reason));
    let asked = |outcome| CacheStatus {
        outcome,
        forward_status: ok,
        ..none
    };
    for (status, expected) in [
        (
            CacheStatus {
                outcome: CacheOutcome::Hit,
                ttl: Some(DeltaSeconds::new(42)),
                ..none
            },
            "Forebay; hit; ttl=42",
        ),
        (
            CacheStatus {
                outcome: CacheOutcome::Hit,
                ttl: Some(DeltaSeconds::ZERO),
                ..none
            },
            "Forebay; hit; ttl=0",
        ),
        (none, "Forebay; fwd=bypass; detail=off"),
        (
            CacheStatus {
                store: Some(StoreOutcome::Stored),
                ..asked(CacheOutcome::Miss(MissReason::Uri))
            },
            "Forebay; fwd=uri-miss; fwd-status=200; stored",
        ),
        (
            CacheStatus {
                store: skipped(SkipReason::NoStore),
                join: JoinOutcome::Follow,
                ..asked(CacheOutcome::Miss(MissReason::Vary))
            },
            "Forebay; fwd=vary-miss; fwd-status=200; collapsed; detail=no-store",
        ),
        (
            asked(CacheOutcome::Bypass(BypassReason::Method)),
            "Forebay; fwd=method; fwd-status=200; detail=method",
        ),
        (
            asked(CacheOutcome::Bypass(BypassReason::RequestNoStore)),
            "Forebay; fwd=request; fwd-status=200; detail=request-no-store",
        ),
        (
            asked(CacheOutcome::Bypass(BypassReason::Cookie)),
            "Forebay; fwd=bypass; fwd-status=200; detail=cookie",
        ),
        (
            CacheStatus {
                forward_status: Some(StatusCode::NOT_MODIFIED),
                store: Some(StoreOutcome::Stored),
                ..asked(CacheOutcome::Revalidated)
            },
            "Forebay; fwd=stale; fwd-status=304; stored",
        ),
        (
            CacheStatus {
                revalidated: Some(RevalidateReason::Demand),
                ..asked(CacheOutcome::Stale)
            },
            "Forebay; fwd=request; fwd-status=200",
        ),
        (
            CacheStatus {
                outcome: CacheOutcome::ServedStale(StaleReason::WhileRevalidate),
                over: Some(DeltaSeconds::new(12)),
                ..none
            },
            "Forebay; hit; ttl=-12; detail=stale-while-revalidate",
        ),
        (
            CacheStatus {
                outcome: CacheOutcome::ServedStale(StaleReason::MaxStale),
                over: Some(DeltaSeconds::ZERO),
                ..none
            },
            "Forebay; hit; ttl=0; detail=max-stale",
        ),
        (
            CacheStatus {
                forward_status: Some(StatusCode::SERVICE_UNAVAILABLE),
                ..asked(CacheOutcome::ServedStale(StaleReason::IfError))
            },
            "Forebay; fwd=stale; fwd-status=503; detail=stale-if-error",
        ),
        (
            CacheStatus {
                outcome: CacheOutcome::ServedStale(StaleReason::IfError),
                revalidated: Some(RevalidateReason::Demand),
                ..none
            },
            "Forebay; fwd=request; detail=stale-if-error",
        ),
        (
            asked(CacheOutcome::Miss(MissReason::Partial)),
            "Forebay; fwd=partial; fwd-status=200",
        ),
    ] {
        assert_eq!(told(status), expected);
    }
}

#[test]
fn the_longest_value_fits() {
    let longest = CacheStatus {
        outcome: CacheOutcome::Bypass(BypassReason::RequestNoStore),
        ttl: Some(DeltaSeconds::MAX),
        over: None,
        revalidated: None,
        forward_status: Some(StatusCode::OK),
        store: Some(StoreOutcome::Stored),
        join: JoinOutcome::Follow,
    };
    assert_eq!(
        told(longest),
        "Forebay; fwd=request; fwd-status=200; ttl=2147483648; stored; collapsed; \
         detail=request-no-store",
    );
}

#[test]
fn the_longest_stale_value_fits() {
    let longest = CacheStatus {
        outcome: CacheOutcome::ServedStale(StaleReason::WhileRevalidate),
        over: Some(DeltaSeconds::MAX),
        forward_status: Some(StatusCode::OK),
        store: Some(StoreOutcome::Stored),
        join: JoinOutcome::Follow,
        ..CacheStatus::default()
    };
    assert_eq!(
        told(longest),
        "Forebay; hit; fwd-status=200; ttl=-2147483648; stored; collapsed; \
         detail=stale-while-revalidate",
    );
}

#[test]
fn the_key_is_told_as_a_string_of_printable_ascii() {
    let hit = CacheStatus {
        outcome: CacheOutcome::Hit,
        ..CacheStatus::default()
    };
    let with = |key: &[u8]| {
        let value = hit.header_value_with_key(key);
        value.to_str().unwrap().to_owned()
    };
    assert_eq!(with(b""), "Forebay; hit; key=\"\"");
    assert_eq!(
        with(b"a \"b\\c~\x00\x7f\xe9%"),
        "Forebay; hit; key=\"a \\\"b\\\\c~%00%7F%E9%\"",
    );
    let whole = "Forebay; hit; key=\"\"".len();
    assert_eq!(with(&[b'a'; 1_000]).len(), whole + KEY_ROOM);
    // Never half of an escape.
    let mut cut = vec![b'a'; KEY_ROOM - 1];
    cut.push(b'"');
    assert_eq!(with(&cut).len(), whole + KEY_ROOM - 1);
    cut.pop();
    cut.push(0);
    assert_eq!(with(&cut).len(), whole + KEY_ROOM - 1);
}
