mod bodies;
mod heads;
mod paths;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, uri::PathAndQuery};
use policy::{BatchKind, BatchPolicy, ByteSize, Mode, PathPattern, PathSegment};

use super::{Ask, Member, Offered, Plan, Pot, Share, Unfit, Unplannable};
use crate::cache::testing::headers;

fn policy(kind: BatchKind) -> BatchPolicy {
    BatchPolicy {
        mode: Mode::Enforce,
        kind,
        max_size: 3,
        max_wait: Duration::from_millis(5),
        max_answer: ByteSize::from_bytes(1024 * 1024),
    }
}

/// `/users/{id}` as segments.
fn pattern(path: &str) -> PathPattern {
    let segments = path.trim_start_matches('/').split('/').map(|segment| {
        let name = segment
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'));
        match name {
            Some(rest) if rest.starts_with('*') => PathSegment::Rest(rest[1..].to_owned()),
            Some(name) => PathSegment::Parameter(name.to_owned()),
            None => PathSegment::Literal(segment.to_owned()),
        }
    });
    PathPattern {
        segments: segments.collect(),
    }
}

fn by_path(path: &str, request: &str, separator: &str) -> Result<Plan, Unplannable> {
    let kind = BatchKind::Path {
        parameter: "id".to_owned(),
        request: request.to_owned(),
        separator: separator.to_owned(),
        answers: String::new(),
        id: "id".to_owned(),
    };
    Plan::new(&policy(kind), &pattern(path))
}

fn users() -> Plan {
    by_path("/users/{id}", "/users?ids={ids}", ",").unwrap()
}

fn embeddings() -> Plan {
    let kind = BatchKind::Body {
        items: "/input".to_owned(),
        answers: "/data".to_owned(),
        index: Some("index".to_owned()),
    };
    Plan::new(&policy(kind), &pattern("/embeddings")).unwrap()
}

/// A GET as it would go upstream.
fn get(plan: &Plan, target: &str, fields: &HeaderMap) -> Result<Member, Unfit> {
    plan.member(&Ask {
        method: &Method::GET,
        target: &target.parse::<PathAndQuery>().unwrap(),
        host: b"shop.test",
        headers: fields,
        body: None,
    })
}

fn member(plan: &Plan, target: &str) -> Member {
    get(plan, target, &HeaderMap::new()).unwrap()
}

fn post(plan: &Plan, body: &str) -> Result<Member, Unfit> {
    plan.member(&Ask {
        method: &Method::POST,
        target: &PathAndQuery::from_static("/embeddings"),
        host: b"shop.test",
        headers: &headers(&[("content-type", "application/json")]),
        body: Some(&Bytes::copy_from_slice(body.as_bytes())),
    })
}

fn target(plan: &Plan, members: &[Member]) -> String {
    let members: Vec<_> = members.iter().collect();
    plan.compose(&members).unwrap().target.to_string()
}

fn text(share: &Share) -> &str {
    match share {
        Share::Body(body) => std::str::from_utf8(body).unwrap(),
        Share::Ambiguous => "ambiguous",
        Share::Missing => "missing",
    }
}

fn split(plan: &Plan, members: &[Member], body: &str) -> Vec<String> {
    let members: Vec<_> = members.iter().collect();
    let shares = plan.split(&members, body.as_bytes()).unwrap();
    shares.iter().map(|share| text(share).to_owned()).collect()
}

#[test]
fn as_many_as_the_policy_says_make_a_batch() {
    let plan = users();
    let mut pot = Pot::new(&plan);
    for (id, full) in [(1, false), (2, false), (3, true)] {
        let offered = pot.offer(member(&plan, &format!("/users/{id}")), id);
        assert_eq!(matches!(offered, Offered::Full), full, "{id}");
    }
    let owners: Vec<_> = pot.into_members().into_iter().map(|(_, own)| own).collect();
    assert_eq!(owners, [1, 2, 3]);
}

#[test]
fn a_request_does_not_grow_too_long_for_the_origin() {
    let kind = BatchKind::Path {
        parameter: "id".to_owned(),
        request: "/users?ids={ids}".to_owned(),
        separator: ",".to_owned(),
        answers: String::new(),
        id: "id".to_owned(),
    };
    let policy = BatchPolicy {
        max_size: 1000,
        ..policy(kind)
    };
    let plan = Plan::new(&policy, &pattern("/users/{id}")).unwrap();
    let mut pot = Pot::new(&plan);
    let mut joined = 0;
    let heavy = loop {
        let id = format!("/users/{joined:0>200}");
        match pot.offer(member(&plan, &id), joined) {
            Offered::Waiting => joined += 1,
            Offered::TooHeavy(_, own) => break own,
            Offered::Full => panic!("never so many"),
        }
    };
    assert_eq!((joined, heavy), (20, 20));
    assert_eq!(pot.into_members().len(), 20);
}
