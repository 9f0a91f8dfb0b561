//! What may be kept at all, and which of its fields (RFC 9111, sections 3, 3.1 and 5.2.2; traps 7
//! and 15).

use super::table::{Case, asked_again, case, holds, kept};

const FRESH: &str = "Cache-Control: max-age=60";

/// Kept, and then without that field, which the first client still gets.
fn without(name: &str, lines: &[&str], field: &str) -> Case {
    let mut all = vec![FRESH];
    all.extend(lines);
    let case = case(name).origin_says(&all);
    case.get(&[]).forwarded().get(&[]).hit().lacks(field)
}

#[test]
fn what_the_origin_forbids_is_not_kept() {
    holds(
        "",
        vec![
            asked_again("no-store", &["Cache-Control: no-store, max-age=60"]),
            asked_again(
                "no-store behind a lifetime",
                &["Cache-Control: max-age=60, no-store"],
            ),
            asked_again(
                "no-store beside public",
                &["Cache-Control: public, no-store, max-age=60"],
            ),
            asked_again(
                "no-store in other case",
                &["Cache-Control: max-age=60, No-STORE"],
            ),
            asked_again(
                "no-store on a line of its own",
                &[FRESH, "Cache-Control: no-store"],
            ),
            asked_again(
                "no-store with an argument",
                &["Cache-Control: max-age=60, no-store=\"x\""],
            ),
            asked_again(
                "no-store beside Expires",
                &["Cache-Control: no-store", "Expires: {now+60}"],
            ),
            asked_again("private", &["Cache-Control: private, max-age=60"]),
            asked_again(
                "private beside public",
                &["Cache-Control: public, private, max-age=60"],
            ),
            asked_again(
                "private beside s-maxage",
                &["Cache-Control: private, s-maxage=60"],
            ),
            asked_again(
                "private in other case",
                &["Cache-Control: PRIVATE, max-age=60"],
            ),
            asked_again(
                "private with an empty list",
                &["Cache-Control: private=\"\", max-age=60"],
            ),
            asked_again(
                "private with what is no field",
                &["Cache-Control: private=\"a b\", max-age=60"],
            ),
            asked_again(
                "private with fields and without",
                &["Cache-Control: private=\"X-A\", max-age=60, private"],
            ),
            asked_again(
                "no-cache without a validator",
                &["Cache-Control: no-cache, max-age=60"],
            ),
            asked_again(
                "no-cache in other case",
                &["Cache-Control: No-Cache, max-age=60"],
            ),
            asked_again(
                "no-cache with an empty list",
                &["Cache-Control: no-cache=\"\", max-age=60"],
            ),
            asked_again(
                "Connection does not make Cache-Control void",
                &[
                    "Connection: Cache-Control",
                    "Cache-Control: no-store",
                    "Expires: {now+60}",
                ],
            ),
            asked_again(
                "Connection does not make Age void",
                &["Connection: Age", FRESH, "Age: 100"],
            ),
            case("Content-Location is another name, not another key")
                .origin_says(&[FRESH, "Content-Location: {path}/x"])
                .get(&[])
                .get(&[])
                .hit()
                .get(&[])
                .at("/x")
                .forwarded(),
            kept(
                "Pragma means nothing in a response",
                &[FRESH, "Pragma: no-cache"],
            ),
            kept(
                "directives of requests mean nothing in a response",
                &["Cache-Control: max-age=60, only-if-cached, min-fresh=100, max-stale=0"],
            ),
            kept(
                "a longer word is not no-store",
                &["Cache-Control: max-age=60, no-store-please"],
            ),
            kept(
                "a shorter word is not private",
                &["Cache-Control: max-age=60, priv"],
            ),
        ],
    );
}

#[test]
fn fields_that_are_not_for_all_are_withheld() {
    let named = |name: &str, directive: &str| {
        case(name)
            .origin_says(&[
                &format!("Cache-Control: max-age=60, {directive}"),
                "X-A: 1",
                "X-B: 1",
            ])
            .get(&[])
            .forwarded()
            .get(&[])
            .hit()
    };
    holds(
        "",
        vec![
            named("private with a field", "private=\"X-A\"")
                .lacks("X-A")
                .has("X-B: 1"),
            named("private with a field without quotes", "private=X-A")
                .lacks("X-A")
                .has("X-B: 1"),
            named("private with fields", "private=\"X-A, X-B\"")
                .lacks("X-A")
                .lacks("X-B"),
            named("private with a field in other case", "private=\"x-a\"").lacks("X-A"),
            named("no-cache with a field", "no-cache=\"X-A\"")
                .lacks("X-A")
                .has("X-B: 1"),
            named("no-cache with fields", "no-cache=\" x-b ,, x-a \"")
                .lacks("X-A")
                .lacks("X-B"),
            named("both", "private=\"X-A\", no-cache=\"X-B\"")
                .lacks("X-A")
                .lacks("X-B"),
            named("a field that is not there", "private=\"X-C\"")
                .has("X-A: 1")
                .has("X-B: 1"),
            without(
                "what Connection names",
                &["Connection: X-Hop", "X-Hop: 1"],
                "X-Hop",
            ),
            without(
                "all that Connection names",
                &["Connection: X-A, x-hop ,", "X-Hop: 1"],
                "X-Hop",
            ),
            without("Connection itself", &["Connection: X-Hop"], "Connection"),
            without("Keep-Alive", &["Keep-Alive: timeout=5"], "Keep-Alive"),
            without(
                "Proxy-Authenticate",
                &["Proxy-Authenticate: Basic"],
                "Proxy-Authenticate",
            ),
            without(
                "Proxy-Authorization",
                &["Proxy-Authorization: x"],
                "Proxy-Authorization",
            ),
            without(
                "Proxy-Authentication-Info",
                &["Proxy-Authentication-Info: x"],
                "Proxy-Authentication-Info",
            ),
            without("Upgrade", &["Upgrade: h2c"], "Upgrade"),
            without(
                "Set-Cookie of a public response",
                &["Cache-Control: public", "Set-Cookie: a=b"],
                "Set-Cookie",
            ),
        ],
    );
}

#[test]
fn what_is_withheld_from_others_is_for_the_one_who_asked() {
    let first = |name: &str, lines: &[&str], field: &str| {
        case(name)
            .origin_says(lines)
            .get(&[])
            .forwarded()
            .has(field)
    };
    holds(
        "",
        vec![
            first(
                "private with a field",
                &["Cache-Control: private=\"X-A\", max-age=60", "X-A: 1"],
                "X-A: 1",
            ),
            first(
                "no-cache with a field",
                &["Cache-Control: no-cache=\"X-A\", max-age=60", "X-A: 1"],
                "X-A: 1",
            ),
            first(
                "a cookie, when the rest is public",
                &["Cache-Control: public, max-age=60", "Set-Cookie: id=1"],
                "Set-Cookie: id=1",
            ),
            first(
                "a cookie, when only that is private",
                &[
                    "Cache-Control: private=\"Set-Cookie\", max-age=60",
                    "Set-Cookie: id=1",
                ],
                "Set-Cookie: id=1",
            ),
            first(
                "a cookie, when nothing is kept",
                &["Set-Cookie: id=1"],
                "Set-Cookie: id=1",
            ),
            first(
                "a challenge",
                &[FRESH, "WWW-Authenticate: Basic"],
                "WWW-Authenticate: Basic",
            ),
        ],
    );
}

#[test]
fn every_other_field_is_kept_as_it_came() {
    let keeps = |name: &str, field: &str, values: &[&str]| {
        let mut lines = vec![FRESH.to_owned()];
        lines.extend(values.iter().map(|value| format!("{field}: {value}")));
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        case(name)
            .origin_says(&lines)
            .get(&[])
            .lines(field, values)
            .get(&[])
            .hit()
            .lines(field, values)
    };
    holds(
        "",
        vec![
            keeps("a field that nobody knows", "X-Unknown", &["some value"]),
            keeps("repetitions in their order", "X-A", &["2", "1", "2"]),
            keeps("an empty value", "X-A", &[""]),
            keeps("a list stays one line", "X-A", &["a,b , c"]),
            keeps("Content-Type", "Content-Type", &["text/html; charset=x"]),
            keeps("Content-Language", "Content-Language", &["de"]),
            keeps("a tag", "ETag", &["W/\"a,b\""]),
            keeps("a tag that is none", "ETag", &["a b"]),
            keeps("Expires that is no date", "Expires", &["0"]),
            keeps("Link", "Link", &["</a>; rel=x", "</b>"]),
            keeps(
                "a repeated WWW-Authenticate",
                "WWW-Authenticate",
                &["A", "B"],
            ),
            keeps("a value of eight kilobytes", "X-Long", &[&"x".repeat(8192)]),
            case("the body is kept byte by byte")
                .origin_answers(super::table::answer(200, &[FRESH]).saying(" a\r\n\r\nb\0 "))
                .get(&[])
                .get(&[])
                .hit()
                .body(" a\r\n\r\nb\0 ")
                .has("Content-Length: 9"),
        ],
    );
}

#[test]
fn what_a_client_forbids_is_not_kept() {
    holds(
        "",
        vec![
            case("no-store in the request")
                .origin_says(&[FRESH])
                .get(&["Cache-Control: no-store"])
                .forwarded_as("request")
                .get(&[])
                .forwarded_as("uri-miss"),
            case("no-store in the request, in other case")
                .origin_says(&[FRESH])
                .get(&["Cache-Control: foo, NO-STORE"])
                .forwarded_as("request")
                .get(&[])
                .forwarded_as("uri-miss"),
            case("no-store in the request leaves what others may have")
                .origin_says(&[FRESH])
                .get(&[])
                .get(&["Cache-Control: no-store"])
                .forwarded()
                .get(&[])
                .hit()
                .body_of(1),
        ],
    );
}
