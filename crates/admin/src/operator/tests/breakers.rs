//! The breakers, and closing them.

use super::*;
use crate::{BreakerLine, Breakers, BreakersMeant};

/// One breaker, of the upstream `legacy`.
pub(super) fn breakers() -> Breakers {
    Breakers {
        list: Arc::new(|| {
            vec![BreakerLine {
                scope: "upstream",
                name: "legacy".to_owned(),
                endpoint: None,
                mode: "enforce",
                position: "open",
                opened: 2,
                stopped: 17,
            }]
        }),
        reset: Arc::new(|meant: &BreakersMeant| {
            usize::from(
                meant
                    .upstream
                    .as_deref()
                    .is_none_or(|name| name == "legacy"),
            )
        }),
    }
}

async fn reset(body: &str, kind: &str) -> Answer {
    let fields = [("host", "localhost"), ("content-type", kind)];
    crate::fixture::send(
        &router(None),
        Method::POST,
        "/breakers/reset",
        &fields,
        body,
    )
    .await
}

#[tokio::test]
async fn a_breaker_tells_what_it_is_doing() {
    let breakers = get("/breakers").await.json();
    assert_eq!(breakers[0]["name"], "legacy");
    assert_eq!(breakers[0]["position"], "open");
    assert!(breakers[0].get("endpoint").is_none());
}

#[tokio::test]
async fn the_operator_closes_those_that_are_named() {
    let json = "application/json";
    let closed = reset(r#"{"upstream": "legacy"}"#, json).await;
    assert_eq!(
        (closed.status, &closed.json()["closed"]),
        (StatusCode::OK, &1.into())
    );
    reset(r#"{"upstream": "other"}"#, json)
        .await
        .is_problem(StatusCode::NOT_FOUND);
    reset(r#"{"upstreams": "legacy"}"#, json)
        .await
        .is_problem(StatusCode::BAD_REQUEST);
    reset("{}", "text/plain")
        .await
        .is_problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        get("/breakers/reset").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
