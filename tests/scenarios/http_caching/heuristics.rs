//! How long a response is fresh when nobody says so: a tenth of the time since it last changed, an
//! hour at most (RFC 9111, section 4.2.2; RFC 9110, section 15.1).

use super::table::{Case, answer, asked_again, case, holds, kept};

const LONG_AGO: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn a_tenth_of_the_time_since_the_last_change() {
    holds(
        "",
        vec![
            kept("changed long ago", &[LONG_AGO]),
            kept(
                "younger than a tenth",
                &["Last-Modified: {now-1000}", "Age: 50"],
            ),
            asked_again(
                "older than a tenth",
                &["Last-Modified: {now-1000}", "Age: 150"],
            ),
            kept("an hour at most: younger", &[LONG_AGO, "Age: 3400"]),
            asked_again("an hour at most: older", &[LONG_AGO, "Age: 3700"]),
            kept(
                "measured from Date",
                &["Date: {now-50}", "Last-Modified: {now-1050}"],
            ),
            asked_again(
                "measured from Date, and too old",
                &["Date: {now-150}", "Last-Modified: {now-1150}"],
            ),
            kept(
                "in the RFC 850 format",
                &["Last-Modified: {rfc850 now-10000}"],
            ),
            kept(
                "in the asctime format",
                &["Last-Modified: {asctime now-10000}"],
            ),
            asked_again("changed just now", &["Last-Modified: {now}"]),
            asked_again("changed in the future", &["Last-Modified: {now+10000}"]),
            asked_again(
                "changed after it was made",
                &["Date: {now-100}", "Last-Modified: {now-50}"],
            ),
            asked_again("changed on no date", &["Last-Modified: long ago"]),
            asked_again(
                "changed in another zone",
                &["Last-Modified: Sun, 06 Nov 1994 08:49:37 EST"],
            ),
            asked_again("nothing said about changes", &["ETag: \"a\""]),
        ],
    );
}

#[test]
fn what_the_origin_says_goes_first() {
    let said = |name: &str, line: &str| asked_again(name, &[LONG_AGO, line]);
    holds(
        "",
        vec![
            said("max-age=0", "Cache-Control: max-age=0"),
            said("s-maxage=0", "Cache-Control: s-maxage=0"),
            said("a damaged max-age", "Cache-Control: max-age=x"),
            said("Expires in the past", "Expires: {now-60}"),
            said("Expires that is no date", "Expires: 0"),
            said("no-store", "Cache-Control: no-store"),
            said("no-cache", "Cache-Control: no-cache"),
            said("private", "Cache-Control: private"),
            said("Vary: *", "Vary: *"),
            said("a cookie", "Set-Cookie: a=b"),
            kept(
                "max-age beyond the hour",
                &[LONG_AGO, "Cache-Control: max-age=86400", "Age: 3700"],
            ),
            kept(
                "unknown directives say nothing",
                &[LONG_AGO, "Cache-Control: foo"],
            ),
            kept(
                "must-revalidate says nothing while fresh",
                &[LONG_AGO, "Cache-Control: must-revalidate"],
            ),
            case("an answer to credentials is not for others")
                .origin_says(&[LONG_AGO])
                .get(&["Authorization: Bearer x"])
                .get(&["Authorization: Bearer x"])
                .forwarded(),
            case("what is stale is asked about with its date")
                .origin_says(&[LONG_AGO, "Age: 3700"])
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
        ],
    );
}

fn twice(name: &str, status: u16, lines: &[&str]) -> Case {
    let case = case(format!("{status} {name}")).origin_answers(answer(status, lines));
    case.get(&[]).forwarded().status(status).get(&[])
}

#[test]
fn only_some_statuses_are_guessed_about() {
    let mut cases = Vec::new();
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        cases.push(twice("is", status, &[LONG_AGO]).hit().sooner_or_later());
    }
    for status in [
        201, 202, 302, 303, 307, 400, 401, 403, 409, 418, 500, 502, 503, 504, 599,
    ] {
        cases.push(twice("is not", status, &[LONG_AGO]).forwarded());
    }
    for status in [302, 403, 599] {
        let public = ["Cache-Control: public", LONG_AGO];
        cases.push(twice("is, when it is public", status, &public).hit());
    }
    holds("", cases);
}

#[test]
fn the_operator_decides_about_guessing() {
    holds(
        "heuristic: {share: 0%}",
        vec![
            asked_again("not at all", &[LONG_AGO]),
            kept(
                "what is said is said",
                &["Cache-Control: max-age=60", LONG_AGO],
            ),
        ],
    );
    holds(
        "heuristic: {share: 50%, max: 2h}, jitter: 0%",
        vec![
            kept("a half", &["Last-Modified: {now-1000}", "Age: 400"]),
            asked_again(
                "no more than a half",
                &["Last-Modified: {now-1000}", "Age: 600"],
            ),
            kept("two hours", &[LONG_AGO, "Age: 7000"]),
            asked_again("no more than two hours", &[LONG_AGO, "Age: 7300"]),
        ],
    );
    holds(
        "ttl: 100s, jitter: 0%",
        vec![
            asked_again("a ttl goes before guessing", &[LONG_AGO, "Age: 200"]),
            kept("a ttl needs no date", &["Age: 50"]),
        ],
    );
}
