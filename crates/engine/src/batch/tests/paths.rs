//! `/users/{id}` to `/users?ids=`.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::batch::BatchOutcome;

#[test]
fn ids_are_joined_each_once() {
    let plan = users();
    let members = ["/users/1", "/users/2", "/users/1"].map(|target| member(&plan, target));
    assert_eq!(target(&plan, &members), "/users?ids=1,2");
}

#[test]
fn ids_are_encoded_for_where_they_stand() {
    let plan = users();
    let members = [
        "/users/a%20b",
        "/users/%C3%BC",
        "/users/x&y=z+1",
        "/users/~_.-",
    ]
    .map(|target| member(&plan, target));
    assert_eq!(
        target(&plan, &members),
        "/users?ids=a%20b,%C3%BC,x%26y%3Dz%2B1,~_.-"
    );
}

#[test]
fn a_separator_may_repeat_the_parameter() {
    let plan = by_path("/users/{id}", "/users?id={ids}", "&id=").unwrap();
    let members = ["/users/1", "/users/2"].map(|target| member(&plan, target));
    assert_eq!(target(&plan, &members), "/users?id=1&id=2");
}

#[test]
fn what_members_agree_in_goes_along() {
    let plan = by_path(
        "/shops/{shop}/users/{id}/card",
        "/shops/{shop}/cards/{ids}",
        ";",
    )
    .unwrap();
    let members = [
        "/shops/x%20y/users/1/card?f=a&g",
        "/shops/x%20y/users/2/card?f=a&g",
    ]
    .map(|target| member(&plan, target));
    assert_eq!(members[0].key(), members[1].key());
    assert_eq!(target(&plan, &members), "/shops/x%20y/cards/1;2?f=a&g");
    let plan = users();
    let members = [member(&plan, "/users/1?f=a")];
    assert_eq!(target(&plan, &members), "/users?ids=1&f=a");
}

#[test]
fn requests_for_something_else_stay_apart() {
    let plan = by_path(
        "/shops/{shop}/users/{id}/card",
        "/shops/{shop}/cards/{ids}",
        ",",
    )
    .unwrap();
    let one = member(&plan, "/shops/a/users/1/card");
    for other in [
        "/shops/b/users/1/card",
        "/shops/a/users/1/card?",
        "/shops/a/users/1/card?x=1",
    ] {
        assert_ne!(one.key(), member(&plan, other).key(), "{other}");
    }
    let plan = users();
    for name in ["Authorization", "Cookie", "Accept-Language", "X-User"] {
        let keys = ["a", "b"].map(|value| {
            let fields = headers(&[(name, value)]);
            get(&plan, "/users/1", &fields).unwrap().key
        });
        assert_ne!(keys[0], keys[1], "{name}");
    }
}

#[test]
fn some_requests_are_sent_as_they_are() {
    let plan = users();
    let long = format!("/users/{}", "x".repeat(257));
    for (target, fields, unfit) in [
        ("/users/1%2C2", &[][..], Unfit::Value),
        ("/users/1,2", &[], Unfit::Value),
        ("/users/%FF", &[], Unfit::Value),
        (long.as_str(), &[], Unfit::TooLarge),
        ("/users/a%2Fb", &[], Unfit::Path),
        ("/users/a;b", &[], Unfit::Path),
        ("/users/1?ids=2", &[], Unfit::Query),
        ("/users/1?%69ds", &[], Unfit::Query),
        (
            "/users/1",
            &[("if-none-match", "\"a\"")],
            Unfit::Conditional,
        ),
        ("/users/1", &[("range", "bytes=0-1")], Unfit::Conditional),
        (
            "/users/1",
            &[("accept-encoding", "gzip, identity;q=0")],
            Unfit::Coding,
        ),
    ] {
        let got = get(&plan, target, &headers(fields)).map(|_| ());
        assert_eq!(got, Err(unfit), "{target} {fields:?}");
    }
    let large = headers(&[("x-large", &"x".repeat(17 * 1024))]);
    assert_eq!(get(&plan, "/users/1", &large), Err(Unfit::TooLarge));
    let written = plan.member(&Ask {
        method: &Method::DELETE,
        target: &PathAndQuery::from_static("/users/1"),
        host: b"shop.test",
        headers: &HeaderMap::new(),
        body: None,
    });
    assert_eq!(written, Err(Unfit::Method));
}

#[test]
fn a_value_that_a_separator_would_tear_is_sent_as_it_is() {
    let plan = by_path("/users/{id}", "/users?ids={ids}", ",,").unwrap();
    for (target, fits) in [
        ("/users/1", true),
        ("/users/a,", false),
        ("/users/,a", false),
    ] {
        let member = get(&plan, target, &HeaderMap::new());
        assert_eq!(member.is_ok(), fits, "{target}");
    }
    // Written encoded, read decoded.
    let plan = by_path("/users/{id}", "/users?ids={ids}", "%7C").unwrap();
    assert!(get(&plan, "/users/1%7C2", &HeaderMap::new()).is_err());
}

#[test]
fn policies_that_cannot_be_carried_out_are_refused() {
    for (path, request, separator) in [
        ("/users/{other}", "/users?ids={ids}", ","),
        ("/users/{*id}", "/users?ids={ids}", ","),
        ("/users/{id}", "/users", ","),
        ("/users/{id}", "users?ids={ids}", ","),
        ("/users/{id}", "/users?ids={ids}&again={ids}", ","),
        ("/users/{id}", "/users?ids={ids}&x={shop}", ","),
        ("/users/{id}", "/users/{id}?ids={ids}", ","),
        ("/users/{id}", "/users?ids={ids}", " "),
        ("/users/{id}", "/users?ids={ids}", ""),
        ("/shops/{shop}/users/{id}", "/users?ids={ids}", ","),
        ("/users/{id}/{*rest}", "/users?ids={ids}", ","),
    ] {
        assert!(
            by_path(path, request, separator).is_err(),
            "{path} {request}"
        );
    }
}

#[test]
fn each_gets_its_own_element_as_it_stands_there() {
    let plan = users();
    let members = ["/users/2", "/users/x", "/users/1", "/users/2"].map(|it| member(&plan, it));
    let body = r#" [{"id": 1, "n": 1.50}, {"z": [], "id":"x"} ,{ "id" : 2,"a": 12345678901234567890}, {"id": 9}, 7] "#;
    let two = r#"{ "id" : 2,"a": 12345678901234567890}"#;
    assert_eq!(
        split(&plan, &members, body),
        [
            two,
            r#"{"z": [], "id":"x"}"#,
            r#"{"id": 1, "n": 1.50}"#,
            two
        ]
    );
}

#[test]
fn what_is_not_there_or_there_twice_is_not_guessed() {
    let plan = users();
    let members = ["/users/1", "/users/2", "/users/3"].map(|it| member(&plan, it));
    let body = r#"[{"id": 1}, {"id": 2}, {"id": "2"}, {"id": 3.0}]"#;
    assert_eq!(
        split(&plan, &members, body),
        [r#"{"id": 1}"#, "ambiguous", "missing"]
    );
}

#[test]
fn an_answer_that_is_something_else_is_for_nobody() {
    let plan = users();
    let member = member(&plan, "/users/1");
    for (body, outcome) in [
        ("", BatchOutcome::NotJson),
        ("[{\"id\": 1}", BatchOutcome::NotJson),
        ("[{\"id\": 1}] x", BatchOutcome::NotJson),
        ("{\"id\": 1}", BatchOutcome::Unlike),
        ("[{\"id\": 1, \"id\": 2}]", BatchOutcome::Unlike),
        ("[]", BatchOutcome::Unmatched),
        ("[{\"id\": 2}]", BatchOutcome::Unmatched),
        ("[{\"id\": null}, [1], \"1\", 1]", BatchOutcome::Unmatched),
    ] {
        assert_eq!(
            plan.split(&[&member], body.as_bytes()),
            Err(outcome),
            "{body}"
        );
    }
    assert_eq!(
        plan.split(&[&member], b"[{\"id\": 1, \"n\": \"\xff\"}]"),
        Err(BatchOutcome::NotJson)
    );
}

/// An id as it stands in a path.
fn in_path(id: &str) -> String {
    let bytes = id.bytes().map(|byte| format!("%{byte:02X}"));
    format!("/users/{}", bytes.collect::<String>())
}

proptest! {
    /// An origin that reads the batch request as origins do, and answers in any order.
    #[test]
    fn every_caller_gets_its_own_answer_and_nobody_elses(
        ids in prop::collection::vec("[ -+\\--.0-Z^-~\u{e4}\u{20ac}]{1,6}", 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
        lost in prop::collection::vec(any::<bool>(), 12),
    ) {
        let plan = users();
        let (mut members, mut own) = (Vec::new(), Vec::new());
        for id in &ids {
            // As step 1 leaves a path.
            let path = crate::path::normalize(&in_path(id)).as_str().to_owned();
            if let Ok(member) = get(&plan, &path, &HeaderMap::new()) {
                members.push(member);
                own.push(id.clone());
            }
        }
        prop_assume!(!members.is_empty());
        let target = target(&plan, &members);
        let query = target.strip_prefix("/users?ids=").unwrap();
        let asked: Vec<u8> = crate::percent::form_decoded(query).collect();
        let asked = String::from_utf8(asked).unwrap();
        let mut answers: Vec<(String, String)> = asked
            .split(',')
            .map(|id| (id.to_owned(), serde_json::json!({"name": format!("<{id}>"), "id": id}).to_string()))
            .collect();
        let mut distinct = own.clone();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(answers.len(), distinct.len());
        for (at, index) in order.iter().enumerate() {
            let (last, other) = (answers.len() - 1, index.index(answers.len()));
            answers.swap(at.min(last), other);
        }
        let mut lost = lost.into_iter();
        answers.retain(|_| lost.next() != Some(true));
        let told: HashMap<_, _> = answers.iter().cloned().collect();
        let body = format!("[{}]", answers.iter().map(|(_, it)| it.as_str()).collect::<Vec<_>>().join(" , "));
        let members: Vec<_> = members.iter().collect();
        match plan.split(&members, body.as_bytes()) {
            Err(outcome) => prop_assert_eq!((outcome, told.len()), (BatchOutcome::Unmatched, 0)),
            Ok(shares) => {
                prop_assert_eq!(shares.len(), own.len());
                for (share, id) in shares.iter().zip(&own) {
                    let wanted = told.get(id).map_or("missing", String::as_str);
                    prop_assert_eq!(text(share), wanted);
                }
            }
        }
    }

    #[test]
    fn whatever_an_origin_answers_nothing_is_made_up(body in "[\\[\\]{}\", :id0-9a]{0,40}") {
        let plan = users();
        let member = member(&plan, "/users/1");
        if let Ok(shares) = plan.split(&[&member], body.as_bytes()) {
            for share in &shares {
                let is_a_part = matches!(share, Share::Ambiguous | Share::Missing)
                    || body.contains(text(share));
                prop_assert!(is_a_part, "{:?} of {}", share, body);
            }
        }
    }
}
