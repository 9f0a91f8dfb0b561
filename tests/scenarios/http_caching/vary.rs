//! Which of several responses a request may have (RFC 9111, section 4.1; RFC 9110, section 12.5.5;
//! trap 17).

use super::table::{Case, asked_again, case, holds};

/// Stored for a request with the fields `then`, varying by `vary`; and then asked with `now`.
fn varying(name: &str, vary: &[&str], then: &[&str], now: &[&str]) -> Case {
    let mut lines = vec!["Cache-Control: max-age=60"];
    lines.extend(vary);
    let case = case(name).origin_says(&lines);
    case.get(then).forwarded().get(now)
}

fn same(name: &str, vary: &[&str], then: &[&str], now: &[&str]) -> Case {
    varying(name, vary, then, now).hit().body_of(1)
}

fn different(name: &str, vary: &[&str], then: &[&str], now: &[&str]) -> Case {
    varying(name, vary, then, now)
        .forwarded_as("vary-miss")
        .body_of(2)
}

#[test]
fn the_fields_that_vary_names_select() {
    const X: &[&str] = &["Vary: X-A"];
    const BOTH: &[&str] = &["Vary: X-A, X-B"];
    holds(
        "",
        vec![
            same("the same value", X, &["X-A: 1"], &["X-A: 1"]),
            different("another value", X, &["X-A: 1"], &["X-A: 2"]),
            same("absent both times", X, &[], &[]),
            different("absent only then", X, &[], &["X-A: 1"]),
            different("absent only now", X, &["X-A: 1"], &[]),
            different("empty is not absent", X, &["X-A:"], &[]),
            different("absent is not empty", X, &[], &["X-A:"]),
            same(
                "fields that are not named do not matter",
                X,
                &["X-B: 1"],
                &["X-B: 2"],
            ),
            same(
                "both the same",
                BOTH,
                &["X-A: 1", "X-B: 2"],
                &["X-B: 2", "X-A: 1"],
            ),
            different(
                "one of two differs",
                BOTH,
                &["X-A: 1", "X-B: 2"],
                &["X-A: 1", "X-B: 3"],
            ),
            different(
                "values swapped",
                BOTH,
                &["X-A: 1", "X-B: 2"],
                &["X-A: 2", "X-B: 1"],
            ),
            different("a value that moved over", BOTH, &["X-A: 1"], &["X-B: 1"]),
            different("case matters in values", X, &["X-A: a"], &["X-A: A"]),
            different(
                "User-Agent selects if named",
                &["Vary: User-Agent"],
                &["User-Agent: a"],
                &["User-Agent: b"],
            ),
            different(
                "Origin selects if named",
                &["Vary: Origin"],
                &["Origin: http://a.test"],
                &["Origin: http://b.test"],
            ),
            same("Host is the same anyway", &["Vary: Host"], &[], &[]),
            different(
                "Connection does not make Vary void",
                &["Connection: Vary", "Vary: X-A"],
                &["X-A: 1"],
                &["X-A: 2"],
            ),
            different(
                "Cookie selects if named",
                &["Vary: Cookie"],
                &["Cookie: a=1"],
                &["Cookie: a=2"],
            ),
            same(
                "the same Cookie",
                &["Vary: Cookie"],
                &["Cookie: a=1"],
                &["Cookie: a=1"],
            ),
        ],
    );
}

#[test]
fn vary_is_a_list_of_names() {
    const ONE: &[&str] = &["X-A: 1", "X-B: 1"];
    const OTHER: &[&str] = &["X-A: 1", "X-B: 2"];
    let spelled: [(&str, &[&str]); 8] = [
        ("on one line", &["Vary: X-A, X-B"]),
        ("on two lines", &["Vary: X-A", "Vary: X-B"]),
        ("in other case", &["Vary: x-a, x-B"]),
        ("without spaces", &["Vary: X-A,X-B"]),
        ("with more spaces", &["Vary:   X-A \t,\t  X-B "]),
        ("with empty members", &["Vary: ,, X-A, , X-B,"]),
        ("with repetitions", &["Vary: X-B, X-A, X-B"]),
        ("with an empty line", &["Vary:", "Vary: X-B"]),
    ];
    let mut cases = Vec::new();
    for (how, vary) in spelled {
        cases.push(same(&format!("{how}: the same"), vary, ONE, ONE));
        cases.push(different(&format!("{how}: another"), vary, ONE, OTHER));
    }
    let thousand = (0..1000).map(|i| format!("X-{i}, ")).collect::<String>();
    let thousand = format!("Vary: {thousand}X-B");
    cases.push(
        // It need not be kept, but another variant must not be taken for it.
        varying("a thousand names: another", &[&thousand], ONE, OTHER)
            .forwarded()
            .body_of(2),
    );
    cases.push(same("an empty Vary names nothing", &["Vary:"], ONE, OTHER));
    cases.push(
        varying("Vary goes along with a hit", &["Vary: X-A"], ONE, ONE)
            .hit()
            .has("Vary: X-A"),
    );
    holds("", cases);
}

#[test]
fn a_star_matches_nothing() {
    const FRESH: &str = "Cache-Control: max-age=60";
    holds(
        "",
        vec![
            asked_again("alone", &[FRESH, "Vary: *"]),
            asked_again("in front", &[FRESH, "Vary: *, X-A"]),
            asked_again("at the end", &[FRESH, "Vary: X-A, *"]),
            asked_again("on a line of its own", &[FRESH, "Vary: X-A", "Vary: *"]),
            asked_again("with spaces", &[FRESH, "Vary:  * "]),
            asked_again(
                "a field that is ours, not the client's",
                &[FRESH, "Vary: X-Forwarded-For"],
            ),
            asked_again("what cannot be a name", &[FRESH, "Vary: X A"]),
        ],
    );
}

#[test]
fn values_are_compared_without_the_spaces_of_a_list() {
    const X: &[&str] = &["Vary: X-A"];
    holds(
        "",
        vec![
            same("a space behind a comma", X, &["X-A: a, b"], &["X-A: a,b"]),
            same("a space before a comma", X, &["X-A: a ,b"], &["X-A: a,b"]),
            same("a tab", X, &["X-A: a,\tb"], &["X-A: a, b"]),
            same("spaces around it all", X, &["X-A:  a "], &["X-A: a"]),
            same(
                "two lines are one list",
                X,
                &["X-A: a", "X-A: b"],
                &["X-A: a, b"],
            ),
            same(
                "one list is two lines",
                X,
                &["X-A: a, b"],
                &["X-A: a", "X-A: b"],
            ),
            same(
                "the order of other fields",
                X,
                &["X-A: a", "X-B: b"],
                &["X-B: b", "X-A: a"],
            ),
            different(
                "two lines in another order",
                X,
                &["X-A: a", "X-A: b"],
                &["X-A: b", "X-A: a"],
            ),
            different("one member more", X, &["X-A: a"], &["X-A: a, b"]),
            different("a space inside a member", X, &["X-A: a b"], &["X-A: ab"]),
            different(
                "a space in quotes",
                X,
                &["X-A: \"a, b\""],
                &["X-A: \"a,b\""],
            ),
        ],
    );
}

#[test]
fn accept_encoding_is_what_it_accepts() {
    const AE: &[&str] = &["Vary: Accept-Encoding"];
    holds(
        "",
        vec![
            same(
                "order",
                AE,
                &["Accept-Encoding: gzip, br"],
                &["Accept-Encoding: br, gzip"],
            ),
            same(
                "weights above 0",
                AE,
                &["Accept-Encoding: gzip"],
                &["Accept-Encoding: gzip;q=0.5"],
            ),
            same(
                "case",
                AE,
                &["Accept-Encoding: gzip"],
                &["Accept-Encoding: GZIP"],
            ),
            same(
                "unknown codings",
                AE,
                &["Accept-Encoding: gzip"],
                &["Accept-Encoding: gzip, foo"],
            ),
            same(
                "identity said and unsaid",
                AE,
                &["Accept-Encoding: gzip, identity"],
                &["Accept-Encoding: gzip"],
            ),
            different(
                "another coding",
                AE,
                &["Accept-Encoding: gzip"],
                &["Accept-Encoding: br"],
            ),
            different(
                "one refused",
                AE,
                &["Accept-Encoding: gzip, br"],
                &["Accept-Encoding: gzip, br;q=0"],
            ),
            different("none", AE, &["Accept-Encoding: gzip"], &[]),
        ],
    );
}

#[test]
fn each_variant_is_kept_and_the_newest_says_what_varies() {
    const VARY_A: &[&str] = &["Cache-Control: max-age=60", "Vary: X-A"];
    const VARY_B: &[&str] = &["Cache-Control: max-age=60", "Vary: X-B"];
    const PLAIN: &[&str] = &["Cache-Control: max-age=60"];
    holds(
        "",
        vec![
            case("three variants side by side")
                .origin_says(VARY_A)
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&[])
                .get(&["X-A: 2"])
                .hit()
                .body_of(2)
                .get(&["X-A: 1"])
                .hit()
                .body_of(1)
                .get(&[])
                .hit()
                .body_of(3),
            case("the order of names does not make another resource")
                .origin_says(&["Cache-Control: max-age=60", "Vary: X-A, X-B"])
                .origin_says(&["Cache-Control: max-age=60", "Vary: x-b, x-a"])
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&["X-A: 1"])
                .hit()
                .body_of(1)
                .get(&["X-A: 2"])
                .hit()
                .body_of(2),
            case("a newer response without Vary is for everybody")
                .origin_says(VARY_A)
                .origin_says(PLAIN)
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .forwarded_as("vary-miss")
                .get(&["X-A: 1"])
                .hit()
                .body_of(2),
            case("a newer response that varies by something else decides")
                .origin_says(VARY_A)
                .origin_says(VARY_B)
                .get(&["X-A: 1", "X-B: 1"])
                .get(&["X-A: 2", "X-B: 1"])
                .forwarded_as("vary-miss")
                .get(&["X-A: 1", "X-B: 1"])
                .hit()
                .body_of(2)
                .get(&["X-A: 1", "X-B: 2"])
                .forwarded_as("vary-miss"),
            case("a variant is confirmed with its own tag")
                .origin_says(&["Cache-Control: max-age=0", "Vary: X-A", "ETag: \"1\""])
                .origin_says(&["Cache-Control: max-age=0", "Vary: X-A", "ETag: \"2\""])
                .if_conditional(super::table::not_modified(&[]))
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&["X-A: 1"])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"1\"")
                .body_of(1)
                .get(&["X-A: 2"])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"2\"")
                .body_of(2),
            case("a variant is replaced without touching the others")
                .origin_says(VARY_A)
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&["X-A: 1", "Cache-Control: no-cache"])
                .forwarded()
                .get(&["X-A: 1"])
                .hit()
                .body_of(3)
                .get(&["X-A: 2"])
                .hit()
                .body_of(2),
        ],
    );
}
