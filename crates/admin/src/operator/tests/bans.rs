//! The bans, and lifting them.

use super::*;
use crate::{BanLine, Bans, BansMeant};

/// One ban, in the box `guessing`.
pub(super) fn bans() -> Bans {
    Bans {
        list: Arc::new(|| {
            vec![BanLine {
                name: "guessing".to_owned(),
                mode: "enforce",
                caller: "192.0.2.7".to_owned(),
                began_seconds_ago: 3,
                ends_in_seconds: 297,
                count: 1,
            }]
        }),
        lift: Arc::new(|meant: &BansMeant| {
            let named = |said: &Option<String>, name| said.as_deref().is_none_or(|it| it == name);
            usize::from(named(&meant.name, "guessing") && named(&meant.caller, "192.0.2.7"))
        }),
    }
}

async fn lift(body: &str, kind: &str) -> Answer {
    let fields = [("host", "localhost"), ("content-type", kind)];
    crate::fixture::send(&router(None), Method::POST, "/bans/lift", &fields, body).await
}

#[tokio::test]
async fn a_ban_tells_whom_it_is_about() {
    let bans = get("/bans").await.json();
    assert_eq!(bans[0]["box"], "guessing");
    assert_eq!(bans[0]["caller"], "192.0.2.7");
    assert_eq!(bans[0]["ends_in_seconds"], 297);
}

#[tokio::test]
async fn the_operator_lifts_those_that_are_named() {
    let json = "application/json";
    for order in [
        r#"{"caller": "192.0.2.7"}"#,
        r#"{"box": "guessing", "caller": "192.0.2.7"}"#,
        r#"{"box": "guessing", "all": true}"#,
        r#"{"all": true}"#,
    ] {
        let lifted = lift(order, json).await;
        assert_eq!(lifted.status, StatusCode::OK, "{order}");
        assert_eq!(lifted.json()["lifted"], 1, "{order}");
    }
    for order in [
        r#"{"box": "other", "all": true}"#,
        r#"{"caller": "192.0.2.8"}"#,
    ] {
        lift(order, json).await.is_problem(StatusCode::NOT_FOUND);
    }
    // Nobody is let out by an order that says too little, or two things.
    for order in [
        "{}",
        r#"{"box": "guessing"}"#,
        r#"{"all": false}"#,
        r#"{"all": true, "caller": "192.0.2.7"}"#,
        r#"{"ip": "192.0.2.7"}"#,
    ] {
        lift(order, json).await.is_problem(StatusCode::BAD_REQUEST);
    }
    lift(r#"{"all": true}"#, "text/plain")
        .await
        .is_problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(
        get("/bans/lift").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
