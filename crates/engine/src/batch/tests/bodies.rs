//! JSON bodies that are joined.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::batch::BatchOutcome;

fn body(plan: &Plan, members: &[Member]) -> String {
    let members: Vec<_> = members.iter().collect();
    let body = plan.compose(&members).unwrap().body.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn single_values_and_arrays_become_one_array() {
    let plan = embeddings();
    let bodies = [
        r#"{"model": "m", "input": "a"}"#,
        r#"{"model": "m", "input": ["b", "\u00fc"]}"#,
        r#"{"model": "m", "input": [ "d" ]}"#,
    ];
    let members = bodies.map(|body| post(&plan, body).unwrap());
    assert!(
        members
            .iter()
            .all(|member| member.key() == members[0].key())
    );
    assert_eq!(
        body(&plan, &members),
        r#"{"model": "m", "input": ["a","b", "\u00fc", "d" ]}"#
    );
}

#[test]
fn bodies_that_differ_elsewhere_stay_apart() {
    let plan = embeddings();
    let one = post(&plan, r#"{"model": "m", "input": "a"}"#).unwrap();
    for other in [
        r#"{"model": "n", "input": "a"}"#,
        r#"{"model": "m", "input": "a", "user": 1}"#,
        r#"{"input": "a", "model": "m"}"#,
        r#"{"model": "m", "input": 1}"#,
        r#"{"model": "m", "input": [["a"]]}"#,
    ] {
        assert_ne!(one.key(), post(&plan, other).unwrap().key(), "{other}");
    }
}

#[test]
fn bodies_that_are_something_else_are_sent_as_they_are() {
    let plan = embeddings();
    for body in [
        "",
        "x",
        "[]",
        r#"{"model": "m"}"#,
        r#"{"input": []}"#,
        r#"{"input": ["a", 1]}"#,
        r#"{"input": "a", "input": "b"}"#,
    ] {
        assert_eq!(post(&plan, body), Err(Unfit::Body), "{body}");
    }
    let with = |fields: &[(&str, &str)]| {
        plan.member(&Ask {
            method: &Method::POST,
            target: &PathAndQuery::from_static("/embeddings"),
            host: b"shop.test",
            headers: &headers(fields),
            body: Some(&Bytes::from_static(br#"{"input": "a"}"#)),
        })
        .map(|_| ())
    };
    assert_eq!(with(&[]), Err(Unfit::Body));
    assert_eq!(with(&[("content-type", "text/plain")]), Err(Unfit::Body));
    let json = ("content-type", "Application/Json; charset=utf-8");
    assert_eq!(with(&[json]), Ok(()));
    assert_eq!(
        with(&[json, ("content-encoding", "gzip")]),
        Err(Unfit::Body)
    );
}

#[test]
fn answers_are_counted_anew_and_the_rest_is_kept() {
    let plan = embeddings();
    let bodies = [r#"{"input": "a"}"#, r#"{"input": ["b", "c"]}"#];
    let members = bodies.map(|body| post(&plan, body).unwrap());
    let answer = r#"{"object": "list", "data": [{"index": 0, "e": [0.10]}, {"e": [1e-7],"index":1}, {"index": 2}], "model": "m"}"#;
    assert_eq!(
        split(&plan, &members, answer),
        [
            r#"{"object": "list", "data": [{"index": 0, "e": [0.10]}], "model": "m"}"#,
            r#"{"object": "list", "data": [{"e": [1e-7],"index":0},{"index": 1}], "model": "m"}"#,
        ]
    );
}

#[test]
fn answers_that_are_not_exactly_those_asked_for_are_for_nobody() {
    let plan = embeddings();
    let members = [r#"{"input": "a"}"#, r#"{"input": "b"}"#].map(|it| post(&plan, it).unwrap());
    let members: Vec<_> = members.iter().collect();
    for data in [
        "[]",
        r#"[{"index": 0}]"#,
        r#"[{"index": 0}, {"index": 1}, {"index": 2}]"#,
        r#"[{"index": 1}, {"index": 0}]"#,
        r#"[{"index": 0}, {}]"#,
        r#"[{"index": 0}, 1]"#,
        r#"[{"index": "0"}, {"index": "1"}]"#,
        r#"{"index": 0}"#,
        "null",
    ] {
        let body = format!(r#"{{"data": {data}}}"#);
        let split = plan.split(&members, body.as_bytes());
        assert_eq!(split, Err(BatchOutcome::Unlike), "{data}");
    }
}

proptest! {
    /// An origin that answers each item with itself.
    #[test]
    fn every_caller_gets_the_answers_to_its_own_items(
        asked in prop::collection::vec(prop::collection::vec("\\PC{0,8}", 1..4), 1..8),
        single in any::<bool>(),
    ) {
        let plan = embeddings();
        let members: Vec<Member> = asked
            .iter()
            .map(|items| {
                let input = match items.as_slice() {
                    [one] if single => json!(one),
                    several => json!(several),
                };
                post(&plan, &json!({"model": "m", "input": input}).to_string()).unwrap()
            })
            .collect();
        let batch: Value = serde_json::from_str(&body(&plan, &members)).unwrap();
        let data: Vec<_> = batch["input"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(index, item)| json!({"echo": item, "index": index}))
            .collect();
        let answer = json!({"data": data, "model": batch["model"]}).to_string();
        for (share, items) in split(&plan, &members, &answer).iter().zip(&asked) {
            let got: Value = serde_json::from_str(share).unwrap();
            let wanted: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| json!({"echo": item, "index": index}))
                .collect();
            prop_assert_eq!(got, json!({"data": wanted, "model": "m"}));
        }
    }
}
