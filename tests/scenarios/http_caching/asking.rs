//! Asking the origin whether a stored response still holds (RFC 9111, section 4.3.1; RFC 8246).

use super::table::{case, holds, not_modified};

const STALE: &str = "Cache-Control: max-age=0";
const FRESH: &str = "Cache-Control: max-age=60";
const TAG: &str = "ETag: \"a\"";
const DAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const MODIFIED: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn the_origin_is_asked_with_the_stored_validators() {
    holds(
        "",
        vec![
            case("a tag is sent as If-None-Match")
                .origin_says(&[STALE, TAG])
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"a\"")
                .origin_saw_no("If-Modified-Since"),
            case("a weak tag is sent as it is")
                .origin_says(&[STALE, "ETag: W/\"a\""])
                .get(&[])
                .get(&[])
                .origin_saw("If-None-Match: W/\"a\""),
            case("Last-Modified is sent as If-Modified-Since, letter by letter")
                .origin_says(&[STALE, MODIFIED])
                .get(&[])
                .get(&[])
                .origin_saw(&format!("If-Modified-Since: {DAY}"))
                .origin_saw_no("If-None-Match"),
            case("both are sent")
                .origin_says(&[STALE, TAG, MODIFIED])
                .get(&[])
                .get(&[])
                .origin_saw("If-None-Match: \"a\"")
                .origin_saw(&format!("If-Modified-Since: {DAY}")),
            case("without a validator the origin is asked plainly")
                .origin_says(&[STALE])
                .get(&[])
                .get(&[])
                .forwarded()
                .origin_saw_no("If-None-Match")
                .origin_saw_no("If-Modified-Since"),
            case("what outlived its max-age is asked about")
                .origin_says(&[FRESH, "Age: 100", TAG])
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"a\""),
            case("what has expired is asked about")
                .origin_says(&["Expires: 0", TAG])
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"a\""),
            case("no-cache is asked about however fresh")
                .origin_says(&["Cache-Control: no-cache, max-age=60", TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .body_of(1)
                .get(&[])
                .forwarded_as("stale")
                .body_of(1),
            case("no-cache alone is asked about")
                .origin_says(&["Cache-Control: no-cache", TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&[])
                .origin_saw("If-None-Match: \"a\"")
                .body_of(1),
            case("what a client does not trust is asked about")
                .origin_says(&[FRESH, TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&["Cache-Control: no-cache"])
                .forwarded_as("request")
                .origin_saw("If-None-Match: \"a\"")
                .body_of(1),
            case("immutable is not asked about when a page is reloaded")
                .origin_says(&["Cache-Control: max-age=60, immutable", TAG])
                .get(&[])
                .get(&["Cache-Control: max-age=0"])
                .hit(),
            case("immutable is asked about when it is stale")
                .origin_says(&["Cache-Control: max-age=60, immutable", "Age: 100", TAG])
                .get(&[])
                .get(&[])
                .forwarded_as("stale"),
        ],
    );
}
