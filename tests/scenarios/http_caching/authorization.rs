//! Answers to credentials, and cookies (RFC 9111, sections 3.5 and 7.3; traps 14 and 15).

use super::table::{Case, case, holds};

const SECRET: &str = "Authorization: Bearer secret";
const OTHER: &str = "Authorization: Bearer other";
const FRESH: &str = "Cache-Control: max-age=60";

/// Asked for with credentials, and then again with the same ones.
fn shared(name: &str, lines: &[&str]) -> Case {
    case(name)
        .origin_says(lines)
        .get(&[SECRET])
        .forwarded()
        .origin_saw(SECRET)
        .get(&[SECRET])
        .hit()
        .body_of(1)
        .get(&[OTHER])
        .hit()
        .body_of(1)
        .get(&[])
        .hit()
        .body_of(1)
}

fn not_shared(name: &str, lines: &[&str]) -> Case {
    case(name)
        .origin_says(lines)
        .get(&[SECRET])
        .forwarded()
        .get(&[SECRET])
        .forwarded()
        .get(&[])
        .forwarded()
}

#[test]
fn an_answer_to_credentials_is_shared_if_the_origin_says_so() {
    holds(
        "",
        vec![
            not_shared("max-age does not say so", &[FRESH]),
            not_shared("Expires does not say so", &["Expires: {now+60}"]),
            not_shared(
                "proxy-revalidate does not say so",
                &["Cache-Control: max-age=60, proxy-revalidate"],
            ),
            not_shared(
                "no-transform does not say so",
                &["Cache-Control: max-age=60, no-transform"],
            ),
            not_shared(
                "immutable does not say so",
                &["Cache-Control: max-age=60, immutable"],
            ),
            not_shared(
                "public with an argument does not say so",
                &["Cache-Control: max-age=60, public=x"],
            ),
            not_shared(
                "public without a lifetime is not kept",
                &["Cache-Control: public"],
            ),
            not_shared(
                "a tag does not say so",
                &["Cache-Control: max-age=60", "ETag: \"a\""],
            )
            .origin_saw_no("If-None-Match"),
            not_shared(
                "private goes before public",
                &["Cache-Control: public, private, max-age=60"],
            ),
            not_shared(
                "no-store goes before public",
                &["Cache-Control: public, no-store, max-age=60"],
            ),
            not_shared(
                "must-understand does not say so",
                &["Cache-Control: must-understand, max-age=60"],
            ),
            shared("public says so", &["Cache-Control: public, max-age=60"]),
            shared("PUBLIC says so", &["Cache-Control: max-age=60, PUBLIC"]),
            shared(
                "public beside Expires says so",
                &["Cache-Control: public", "Expires: {now+60}"],
            ),
            shared("s-maxage says so", &["Cache-Control: s-maxage=60"]),
            shared(
                "must-revalidate says so",
                &["Cache-Control: max-age=60, must-revalidate"],
            ),
        ],
    );
}

#[test]
fn credentials_get_only_what_was_meant_for_them() {
    holds(
        "",
        vec![
            case("what was kept for everybody is not for credentials")
                .origin_says(&[FRESH])
                .get(&[])
                .get(&[SECRET])
                .forwarded()
                .origin_saw(SECRET)
                .get(&[])
                .hit()
                .body_of(1),
            case("unless the origin says so")
                .origin_says(&["Cache-Control: public, max-age=60"])
                .get(&[])
                .get(&[SECRET])
                .hit()
                .body_of(1),
            case("what is stale is confirmed with the credentials of the one who asks")
                .origin_says(&["Cache-Control: s-maxage=0", "ETag: \"a\""])
                .if_conditional(super::table::not_modified(&[]))
                .get(&[SECRET])
                .get(&[OTHER])
                .forwarded_as("stale")
                .origin_saw(OTHER)
                .origin_saw("If-None-Match: \"a\"")
                .body_of(1),
            case("Vary: Authorization keeps them apart")
                .origin_says(&["Cache-Control: public, max-age=60", "Vary: Authorization"])
                .get(&[SECRET])
                .get(&[OTHER])
                .forwarded_as("vary-miss")
                .get(&[SECRET])
                .hit()
                .body_of(1),
            case("a refusal is kept if the origin says so, and only for those without credentials")
                .origin_answers(super::table::answer(
                    401,
                    &[FRESH, "WWW-Authenticate: Bearer"],
                ))
                .get(&[])
                .get(&[])
                .hit()
                .status(401)
                .get(&[SECRET])
                .forwarded(),
        ],
    );
}

#[test]
fn cookies_are_one_clients() {
    holds(
        "",
        vec![
            case("a Cookie does not matter where the origin says for how long")
                .origin_says(&[FRESH])
                .get(&["Cookie: a=1"])
                .get(&["Cookie: a=2"])
                .hit()
                .body_of(1),
            case("Set-Cookie is not kept")
                .origin_says(&[FRESH, "Set-Cookie: id=1"])
                .get(&[])
                .has("Set-Cookie: id=1")
                .get(&[])
                .forwarded(),
            case("Set-Cookie is not kept with s-maxage")
                .origin_says(&["Cache-Control: s-maxage=60", "Set-Cookie: id=1"])
                .get(&[])
                .get(&[])
                .forwarded(),
            case("public keeps the rest")
                .origin_says(&["Cache-Control: public, max-age=60", "Set-Cookie: id=1"])
                .get(&[])
                .get(&[])
                .hit()
                .lacks("Set-Cookie"),
            case("private with that field keeps the rest")
                .origin_says(&[
                    "Cache-Control: private=\"Set-Cookie\", max-age=60",
                    "Set-Cookie: id=1",
                ])
                .get(&[])
                .get(&[])
                .hit()
                .lacks("Set-Cookie"),
            case("no-cache with that field keeps the rest")
                .origin_says(&[
                    "Cache-Control: no-cache=\"Set-Cookie\", max-age=60",
                    "Set-Cookie: id=1",
                ])
                .get(&[])
                .get(&[])
                .hit()
                .lacks("Set-Cookie"),
        ],
    );
}

#[test]
fn the_operator_may_strip_cookies() {
    holds(
        "set_cookie: strip",
        vec![
            case("the rest is kept")
                .origin_says(&[FRESH, "Set-Cookie: id=1"])
                .get(&[])
                .get(&[])
                .hit()
                .lacks("Set-Cookie")
                .body_of(1),
            case("but not what is private")
                .origin_says(&["Cache-Control: private, max-age=60", "Set-Cookie: id=1"])
                .get(&[])
                .get(&[])
                .forwarded(),
        ],
    );
}

#[test]
fn the_operators_time_is_not_for_credentials() {
    holds(
        "ttl: 60s",
        vec![
            not_shared("silence is not consent", &[]),
            case("nor for cookies")
                .origin_says(&[])
                .get(&["Cookie: a=1"])
                .get(&["Cookie: a=1"])
                .forwarded(),
            case("for all others it is")
                .origin_says(&[])
                .get(&[])
                .get(&[])
                .hit(),
        ],
    );
}
