use http::{HeaderName, HeaderValue};

use super::*;

fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let line = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    lines.iter().map(line).collect()
}

fn decided(
    method: &Method,
    request: &[(&'static str, &'static str)],
    status: u16,
    response: &[(&'static str, &'static str)],
    length: Option<u64>,
) -> Decision {
    decide(&Exchange {
        method,
        request: &fields(request),
        status: StatusCode::from_u16(status).unwrap(),
        response: &fields(response),
        length,
    })
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn got(status: u16, response: &[(&'static str, &'static str)]) -> Decision {
    decided(&Method::GET, &[], status, response, None)
}

#[test]
fn whole_plain_json_is_trimmed() {
    for (kind, sequence) in [
        ("application/json", Sequence::Documents),
        ("Application/JSON; charset=utf-8", Sequence::Documents),
        ("application/vnd.api+json", Sequence::Documents),
        ("application/x-ndjson", Sequence::Lines),
    ] {
        let response = [("content-type", kind)];
        assert_eq!(got(200, &response), Decision::Trim(sequence), "{kind}");
        assert_eq!(got(201, &response), Decision::Trim(sequence), "{kind}");
    }
    let coded = [JSON, ("content-encoding", "identity")];
    assert_eq!(got(200, &coded), Decision::Trim(Sequence::Documents));
}

#[test]
fn everything_else_passes_as_it_is() {
    let leave = Decision::Leave;
    assert_eq!(got(404, &[JSON]), leave(LeaveReason::Status));
    assert_eq!(got(304, &[JSON]), leave(LeaveReason::Status));
    assert_eq!(got(206, &[JSON]), leave(LeaveReason::Partial));
    let part = [JSON, ("content-range", "bytes 0-1/2")];
    assert_eq!(got(200, &part), leave(LeaveReason::Partial));
    assert_eq!(got(204, &[JSON]), leave(LeaveReason::NoBody));
    assert_eq!(got(205, &[JSON]), leave(LeaveReason::NoBody));
    assert_eq!(got(200, &[]), leave(LeaveReason::Type));
    assert_eq!(
        got(200, &[("content-type", "text/html")]),
        leave(LeaveReason::Type)
    );
    assert_eq!(
        got(200, &[("content-type", "application/json-seq")]),
        leave(LeaveReason::Type)
    );
    let coded = [JSON, ("content-encoding", "gzip")];
    assert_eq!(got(200, &coded), leave(LeaveReason::Coded));
}

#[test]
fn no_transform_of_either_side_is_obeyed() {
    let said = ("cache-control", "max-age=1, No-Transform");
    let left = Decision::Leave(LeaveReason::NoTransform);
    assert_eq!(got(200, &[JSON, said]), left);
    assert_eq!(decided(&Method::GET, &[said], 200, &[JSON], None), left);
    assert!(wants_original(&fields(&[said])));
    assert!(!wants_original(&fields(&[])));
}

#[test]
fn a_head_is_that_of_the_get() {
    let trim = Decision::Trim(Sequence::Documents);
    assert_eq!(decided(&Method::HEAD, &[], 200, &[JSON], Some(0)), trim);
    let left = Decision::Leave(LeaveReason::NoBody);
    assert_eq!(decided(&Method::GET, &[], 200, &[JSON], Some(0)), left);
}

/// TRAPS 18.
#[test]
fn what_the_fields_say_about_the_bytes_goes() {
    let mut headers = fields(&[
        JSON,
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("content-digest", "sha-256=:x:"),
        ("content-md5", "x"),
        ("etag", "\"a\""),
        ("last-modified", "x"),
    ]);
    rewrite_headers(&mut headers);
    let left = fields(&[JSON, ("etag", "W/\"a\""), ("last-modified", "x")]);
    assert_eq!(headers, left);
}

#[test]
fn outcomes_have_words_of_their_own() {
    let mut words: Vec<_> = Trimmed::ALL
        .iter()
        .map(|outcome| outcome.as_str())
        .collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Trimmed::ALL.len());
}
