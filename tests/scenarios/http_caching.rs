//! What the cache does, rule by rule: one table per group, each case a sentence and the short
//! conversation that shows it (RFC 9110, 9111, 5861, 8246, 9211, 9213 and 10008).
//!
//! Read a table to learn what Forebay does, and [`table`] for the few words it is written in. Cases
//! judge from outside: how often the origin was asked and with what, and what came back.

mod age;
mod asking;
mod authorization;
mod conditionals;
mod expires;
mod freshness;
mod head;
mod heuristics;
mod interim;
mod invalidation;
mod methods;
mod partial;
mod ranges;
mod requests;
mod stale;
mod statuses;
mod storing;
mod table;
mod targeted;
mod updates;
mod vary;

use self::table::{case, failures};

/// Else all the other tables would show nothing.
#[test]
fn a_table_tells_which_case_failed_and_why() {
    let cases = vec![
        case("what is fresh is a hit")
            .origin_says(&["Cache-Control: max-age=60"])
            .get(&[])
            .forwarded()
            .get(&[])
            .hit(),
        case("what is fresh is forwarded")
            .origin_says(&["Cache-Control: max-age=60"])
            .get(&[])
            .forwarded()
            .get(&[])
            .forwarded(),
        case("what is not there is there")
            .origin_says(&[])
            .get(&[])
            .has("X-Not: there"),
    ];
    let failures = failures("", cases);
    let [first, second] = &failures[..] else {
        panic!("two fail: {failures:?}");
    };
    assert!(first.starts_with("# what is fresh is forwarded\nrequest 2 (GET /case-1)"));
    assert!(first.contains("asked 0 times: Forebay; hit"), "{first}");
    assert!(second.contains("X-Not: there"), "{second}");
}
