//! Asking about what the cache holds, and purging it.

use axum::body::Body;
use engine::{
    cache::{
        advice::{Facts, advise},
        purge::Purge,
    },
    outcome::{CacheOutcome, MissReason, SkipReason, StoreOutcome},
};
use http::{HeaderMap, Request};
use tower::ServiceExt as _;

use super::*;
use crate::{Holding, LastAnswer, NoHolding, Question};

/// Nothing is held, because the origin is silent.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the state takes functions of this shape"
)]
pub(super) fn holding(question: Question) -> Result<Holding, NoHolding> {
    match question.url.path() {
        "/unrouted" => return Err(NoHolding::Unrouted),
        "/malformed" => return Err(NoHolding::Malformed("bad-host")),
        _ => {}
    }
    let facts = Facts {
        method: &Method::GET,
        headers: &HeaderMap::new(),
        query: None,
        answered: None,
    };
    let skipped = StoreOutcome::Skipped(SkipReason::NoFreshness);
    let miss = CacheOutcome::Miss(MissReason::Uri);
    Ok(Holding {
        route: format!("route of {}", question.url.path()),
        cache: miss.as_str(),
        reason: None,
        variants: Vec::new(),
        last_answer: Some(LastAnswer {
            status: 200,
            reason: skipped.as_str(),
            seconds_ago: question.headers.len() as u64,
        }),
        advice: advise(miss, Some(skipped), &facts),
    })
}

/// Somebody else's business.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the state takes functions of this shape"
)]
pub(super) fn purged(purge: Purge) {
    assert!(!purge.what.as_str().is_empty());
}

async fn post(content_type: &str, body: &str) -> Answer {
    use http_body_util::BodyExt as _;

    let request = Request::post("/cache/purge")
        .header("host", "localhost")
        .header("content-type", content_type)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let (head, body) = router(None).oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

#[tokio::test]
async fn a_lookup_says_why_and_what_would_change_it() {
    let url = "/cache/lookup?url=http%3A%2F%2Fshop.test%2Fitems%3Fpage%3D2";
    let found = get(&format!("{url}&header=Accept:%20text/html&header=X:%201"))
        .await
        .json();
    assert_eq!(found["route"], "route of /items");
    assert_eq!(found["cache"], "miss");
    assert_eq!(found["last_answer"]["reason"], "no-freshness");
    assert_eq!(found["last_answer"]["seconds_ago"], 2);
    assert_eq!(found["advice"]["yaml"], "cache: {ttl: 60s}");
    assert_eq!(found["advice"]["place"], "in the route");
    assert!(found["advice"]["risk"].is_string());
}

#[tokio::test]
async fn a_lookup_that_makes_no_sense_says_so() {
    for (query, status) in [
        ("", 400),
        ("?url=/items", 400),
        ("?url=ftp://x/", 400),
        ("?url=http://a/&url=http://b/", 400),
        ("?url=http://a/&header=broken", 400),
        ("?url=http://a/&headers=Accept:x", 400),
        ("?url=http://a/malformed", 400),
        ("?url=http://a/unrouted", 404),
    ] {
        let answer = get(&format!("/cache/lookup{query}")).await;
        answer.is_problem(StatusCode::from_u16(status).unwrap());
    }
}

#[tokio::test]
async fn a_purge_is_answered_with_what_was_recorded() {
    for (body, purged) in [
        (
            r#"{"url": "http://a/b"}"#,
            json!({"url": "http://a/b", "manner": "soft"}),
        ),
        (
            r#"{"prefix": "http://a/", "hard": true}"#,
            json!({"prefix": "http://a/", "manner": "hard"}),
        ),
        (
            r#"{"pattern": "a/*/b"}"#,
            json!({"pattern": "a/*/b", "manner": "soft"}),
        ),
        (
            r#"{"group": "https://a g"}"#,
            json!({"group": "https://a g", "manner": "soft"}),
        ),
        (r#"{"tag": "p-1"}"#, json!({"tag": "p-1", "manner": "soft"})),
        (
            r#"{"all": true, "hard": false}"#,
            json!({"all": true, "manner": "soft"}),
        ),
    ] {
        let answer = post("application/json; charset=utf-8", body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        assert_eq!(answer.json(), json!({"purged": purged}), "{body}");
    }
}

#[tokio::test]
async fn a_purge_that_is_not_understood_purges_nothing() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"all": false}"#,
        r#"{"hard": true}"#,
        r#"{"url": ""}"#,
        r#"{"url": "a", "tag": "b"}"#,
        r#"{"all": true, "url": "a"}"#,
        r#"{"url": "a", "soft": true}"#,
        r#"{"prefix": "/a?b"}"#,
    ] {
        let answer = post("application/json", body).await;
        answer.is_problem(StatusCode::BAD_REQUEST);
    }
    let answer = post("text/plain", r#"{"all": true}"#).await;
    answer.is_problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = format!(r#"{{"tag": "{}"}}"#, "x".repeat(9000));
    post("application/json", &long)
        .await
        .is_problem(StatusCode::BAD_REQUEST);
    let answer = get("/cache/purge").await;
    answer.is_problem(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
}
