//! Directives for some caches only: `CDN-Cache-Control`, and `Forebay-Cache-Control` for this one
//! (RFC 9213; RFC 9651).

use super::table::{asked_again, case, holds, kept, not_modified};

const NO_STORE: &str = "Cache-Control: no-store";
const FRESH: &str = "Cache-Control: max-age=60";
const CDN: &str = "CDN-Cache-Control: max-age=60";

#[test]
fn a_targeted_field_replaces_cache_control_and_expires() {
    holds(
        "",
        vec![
            kept("alone", &[CDN]),
            kept("beside no-store", &[CDN, NO_STORE]),
            kept("behind no-store", &[NO_STORE, CDN]),
            kept("beside private", &[CDN, "Cache-Control: private"]),
            kept("beside max-age=0", &[CDN, "Cache-Control: max-age=0"]),
            kept("beside s-maxage=0", &[CDN, "Cache-Control: s-maxage=0"]),
            kept("beside Expires in the past", &[CDN, "Expires: 0"]),
            kept("ours alone", &["Forebay-Cache-Control: max-age=60"]),
            kept(
                "ours beside no-store",
                &["Forebay-Cache-Control: max-age=60", NO_STORE],
            ),
            kept(
                "ours goes before that for all CDNs",
                &[
                    "CDN-Cache-Control: no-store",
                    "Forebay-Cache-Control: max-age=60",
                ],
            ),
            asked_again(
                "ours goes before that for all CDNs, to forbid",
                &[CDN, FRESH, "Forebay-Cache-Control: no-store"],
            ),
            asked_again("no-store", &["CDN-Cache-Control: no-store", FRESH]),
            asked_again(
                "private",
                &["CDN-Cache-Control: private, max-age=60", FRESH],
            ),
            asked_again("no-cache", &["CDN-Cache-Control: no-cache", FRESH]),
            asked_again("max-age=0", &["CDN-Cache-Control: max-age=0", FRESH]),
            asked_again(
                "silent about time, however Cache-Control speaks",
                &["CDN-Cache-Control: public", FRESH],
            ),
            asked_again(
                "silent about time, however Expires speaks",
                &["CDN-Cache-Control: public", "Expires: {now+60}"],
            ),
            asked_again("Age counts against it", &[CDN, "Age: 61"]),
            kept(
                "s-maxage goes before max-age",
                &["CDN-Cache-Control: max-age=0, s-maxage=60"],
            ),
            kept(
                "a field for others is none for us",
                &[FRESH, "Other-Cache-Control: no-store"],
            ),
            kept(
                "the one for surrogates is none for us",
                &[FRESH, "Surrogate-Control: no-store"],
            ),
            case("public lets an answer to credentials be shared")
                .origin_says(&[
                    "CDN-Cache-Control: public, max-age=60",
                    "Cache-Control: private",
                ])
                .get(&["Authorization: Bearer x"])
                .get(&[])
                .hit(),
            case("public in Cache-Control does not")
                .origin_says(&[CDN, "Cache-Control: public"])
                .get(&["Authorization: Bearer x"])
                .get(&["Authorization: Bearer x"])
                .forwarded(),
            case("a 304 is read in the same way")
                .origin_says(&["CDN-Cache-Control: max-age=0", "ETag: \"a\""])
                .if_conditional(not_modified(&[CDN, NO_STORE, "ETag: \"a\""]))
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .get(&[])
                .hit()
                .body_of(1),
            case("Cache-Control is for the clients, as it came")
                .origin_says(&[CDN, NO_STORE])
                .get(&[])
                .has(NO_STORE)
                .get(&[])
                .hit()
                .has(NO_STORE)
                .has(CDN),
            case("what is for us alone ends here")
                .origin_says(&["Forebay-Cache-Control: max-age=60"])
                .get(&[])
                .lacks("Forebay-Cache-Control")
                .get(&[])
                .hit()
                .lacks("Forebay-Cache-Control"),
        ],
    );
}

#[test]
fn a_targeted_field_is_read_strictly() {
    let valid =
        |name: &str, value: &str| kept(name, &[&format!("CDN-Cache-Control: {value}"), NO_STORE]);
    // What cannot be read is as if it were not there.
    let ignored =
        |name: &str, value: &str| kept(name, &[&format!("CDN-Cache-Control: {value}"), FRESH]);
    holds(
        "",
        vec![
            valid("spaces around commas", "public ,\t max-age=60"),
            valid("parameters", "max-age=60;x=y;z"),
            valid(
                "unknown directives",
                "foo=?0, bar=(1 2), baz=:AA==:, max-age=60",
            ),
            valid(
                "what a string says is no directive",
                "ext=\"no-store\", max-age=60",
            ),
            valid("of two the last counts: longer", "max-age=0, max-age=60"),
            asked_again(
                "of two the last counts: shorter",
                &["CDN-Cache-Control: max-age=60, max-age=0"],
            ),
            kept(
                "two lines are one field",
                &["CDN-Cache-Control: public", CDN, NO_STORE],
            ),
            asked_again(
                "a negative lifetime",
                &["CDN-Cache-Control: max-age=-1", FRESH],
            ),
            asked_again("a fraction", &["CDN-Cache-Control: max-age=60.5", FRESH]),
            asked_again(
                "a string is no number",
                &["CDN-Cache-Control: max-age=\"60\"", FRESH],
            ),
            asked_again(
                "a word is no number",
                &["CDN-Cache-Control: max-age=x", FRESH],
            ),
            asked_again(
                "no value is no number",
                &["CDN-Cache-Control: max-age", FRESH],
            ),
            ignored("an empty field", ""),
            ignored("upper case", "No-Store"),
            ignored("a comma at the end", "no-store,"),
            ignored("two commas", "no-store,, max-age=0"),
            ignored("no value behind a sign", "no-store, max-age="),
            ignored("a space before the sign", "no-store, max-age =0"),
            ignored("a space behind the sign", "no-store, max-age= 0"),
            ignored("a quote that does not end", "no-store, x=\"y"),
            ignored("no comma", "no-store max-age=0"),
            ignored("semicolons", "no-store; max-age=0, ;"),
            ignored("what is no name", "no-store, 1=2"),
            ignored(
                "a number with sixteen digits",
                "no-store, x=1234567890123456",
            ),
            asked_again(
                "ignored, and Cache-Control forbids",
                &["CDN-Cache-Control: Max-Age=60", NO_STORE],
            ),
            kept(
                "ours cannot be read: that for all CDNs counts",
                &["Forebay-Cache-Control: No-Store", CDN, NO_STORE],
            ),
        ],
    );
}
