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
