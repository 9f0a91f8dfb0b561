use http::StatusCode;
use policy::Scheme;

use super::*;
use crate::cache::{
    freshness::{Lifetime, LifetimeSource},
    testing::{at, headers, policy, response},
};

type Line<'a> = (&'a str, &'a str);

const HERE: Line<'static> = ("content-location", "/dir/item?x=1");
const FRESH: Line<'static> = ("cache-control", "max-age=5");

fn posted(method: &str, status: u16, request: &[Line<'_>], fields: &[Line<'_>]) -> Posted {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let write = Write {
        method: &method,
        scheme: Scheme::Https,
        host: "a.example",
        port: 443,
        target: "/dir/item?x=1",
    };
    let (request, fields) = (headers(request), headers(fields));
    let facts = response(status, &fields, at(0));
    decide(
        &write,
        &request,
        &RequestRules::default(),
        &facts,
        &policy(Some(60)),
    )
}

fn lifetime(posted: Posted) -> Result<Lifetime, SkipReason> {
    match posted {
        Posted::AsGet {
            keep: Keep::Store(terms),
            ..
        } => Ok(terms.lifetime),
        Posted::AsGet {
            keep: Keep::Skip(reason),
            ..
        }
        | Posted::Skip(reason) => Err(reason),
    }
}

#[test]
fn the_new_state_of_the_target_is_kept() {
    let found = lifetime(posted("POST", 200, &[], &[HERE, FRESH]));
    let expected = Lifetime {
        length: std::time::Duration::from_secs(5),
        source: LifetimeSource::MaxAge,
    };
    assert_eq!(found, Ok(expected));
    let body = [("content-length", "3"), ("content-type", "text/plain")];
    let found = posted("POST", 201, &body, &[HERE, FRESH]);
    assert!(matches!(
        found,
        Posted::AsGet { lookup, keep: Keep::Store(_) } if lookup == Lookup::PLAIN_GET
    ));
}

#[test]
fn everything_else_is_for_the_one_who_asked() {
    use SkipReason::{Authorization, Method, NoFreshness, NoStore};
    let ok = StatusCode::OK.as_u16();
    for (method, status, fields, expected) in [
        ("PUT", ok, vec![HERE, FRESH], Method),
        ("POST", 303, vec![HERE, FRESH], Method),
        ("POST", 404, vec![HERE, FRESH], Method),
        ("POST", ok, vec![FRESH], Method),
        ("POST", ok, vec![HERE, HERE, FRESH], Method),
        ("POST", ok, vec![HERE], NoFreshness),
        (
            "POST",
            ok,
            vec![HERE, ("cache-control", "public")],
            NoFreshness,
        ),
        (
            "POST",
            ok,
            vec![HERE, ("cache-control", "no-store, max-age=5")],
            NoStore,
        ),
    ] {
        let found = lifetime(posted(method, status, &[], &fields));
        assert_eq!(found, Err(expected), "{method} {status} {fields:?}");
    }
    let secret = [("authorization", "x")];
    let found = lifetime(posted("POST", ok, &secret, &[HERE, FRESH]));
    assert_eq!(found, Err(Authorization));
    let unwanted = [("cache-control", "no-store")];
    let found = lifetime(posted("POST", ok, &unwanted, &[HERE, FRESH]));
    assert_eq!(found, Err(Method));
}

#[test]
fn the_location_is_resolved_and_compared_as_it_would_be_keyed() {
    for (location, same) in [
        ("https://a.example/dir/item?x=1", true),
        ("item?x=1", true),
        ("../dir/./item?x=1", true),
        ("/dir/%69tem?x=1", true),
        ("/dir/item", false),
        ("/dir/item?x=2", false),
        ("/dir/item/?x=1", false),
        ("http://a.example/dir/item?x=1", false),
        ("https://b.example/dir/item?x=1", false),
    ] {
        let found = lifetime(posted(
            "POST",
            200,
            &[],
            &[("content-location", location), FRESH],
        ));
        assert_eq!(found.is_ok(), same, "{location}");
    }
}
