//! What callers are told: `RateLimit` and `RateLimit-Policy`, or the older fields.

use harness::{Origin, Response};

use super::limited;

const LEGACY: [&str; 3] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

fn has(response: &Response, name: &str) -> bool {
    response.headers.has(name)
}

#[test]
fn the_older_fields_are_told_where_the_operator_wants_them() {
    let origin = Origin::saying("x");
    for (headers, draft, legacy) in [
        ("draft", true, false),
        ("legacy", false, true),
        ("both", true, true),
        ("none", false, false),
    ] {
        let limit = format!("[{{name: l, rate: 1/h, burst: 1, headers: {headers}}}]");
        let sidecar = limited(&origin, &limit);
        for status in [200, 429] {
            let response = sidecar.get("/");
            assert_eq!(response.status, status);
            for name in ["ratelimit", "ratelimit-policy"] {
                assert_eq!(has(&response, name), draft, "{headers}: {response:?}");
            }
            for name in LEGACY {
                assert_eq!(has(&response, name), legacy, "{headers}: {response:?}");
            }
            // When to come back is always told.
            assert_eq!(has(&response, "retry-after"), status == 429);
            if legacy {
                assert_eq!(response.header("x-ratelimit-limit"), Some("1"));
                assert_eq!(response.header("x-ratelimit-remaining"), Some("0"));
            }
        }
    }
}

/// draft-ietf-httpapi-ratelimit-headers: both fields are lists with an item for each policy.
#[test]
fn several_limits_are_one_list() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: second, rate: 5/s, burst: 9}, {name: day, rate: 100/d}, \
          {name: silent, rate: 1000/d, headers: none}]",
    );
    let response = sidecar.get("/");
    let joined = |name| response.headers.all(name).join(",").replace(", ", ",");
    assert_eq!(
        joined("ratelimit-policy"),
        "\"second\";q=9;w=2,\"day\";q=100;w=86400"
    );
    let told = joined("ratelimit");
    let told: Vec<_> = told.split(',').collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("\"second\";r=8;t="), "{told:?}");
    assert!(told[1].starts_with("\"day\";r=99;t="), "{told:?}");
}

#[test]
fn the_older_fields_tell_of_the_limit_that_is_nearest_to_its_end() {
    let origin = Origin::saying("x");
    let sidecar = limited(
        &origin,
        "[{name: wide, rate: 100/d, headers: legacy}, {name: narrow, rate: 3/h, headers: both}]",
    );
    let response = sidecar.get("/");
    assert_eq!(response.headers.all("x-ratelimit-limit"), ["3"]);
    assert_eq!(response.headers.all("x-ratelimit-remaining"), ["2"]);
    assert_eq!(response.headers.all("x-ratelimit-reset").len(), 1);
}
