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
    let reach = Reach::Minify;
    decide(&Exchange {
        reach,
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

fn chosen(status: u16, response: &[(&'static str, &'static str)]) -> Decision {
    decide(&Exchange {
        method: &Method::GET,
        request: &HeaderMap::new(),
        status: StatusCode::from_u16(status).unwrap(),
        response: &fields(response),
        length: None,
        reach: Reach::Select,
    })
}

#[test]
fn whole_plain_json_is_trimmed() {
    for (kind, sequence) in [
        ("application/json", Sequence::Documents),
        ("application/jsonl", Sequence::Lines),
        ("application/json-seq", Sequence::Records),
    ] {
        let response = [("content-type", kind)];
        assert_eq!(got(200, &response), Decision::Trim(sequence), "{kind}");
        assert_eq!(got(201, &response), Decision::Trim(sequence), "{kind}");
    }
    let coded = [JSON, ("content-encoding", "identity")];
    assert_eq!(got(200, &coded), Decision::Trim(Sequence::Documents));
}

/// A list that what is packed passes by is none.
#[test]
fn where_fields_are_chosen_a_document_is_read_or_refused() {
    let trim = Decision::Trim(Sequence::Documents);
    for codings in ["gzip", "x-gzip", "br", "zstd", "deflate", "gzip, br"] {
        assert_eq!(chosen(200, &[JSON, ("content-encoding", codings)]), trim);
    }
    for codings in ["zz", "compress", "gzip, zz", "gzip, gzip, gzip"] {
        let response = [JSON, ("content-encoding", codings)];
        assert_eq!(chosen(200, &response), Decision::Refuse(Flaw::Coded));
    }
    let part = ("content-range", "bytes 0-1/2");
    for (status, response) in [
        (206, &[JSON, part][..]),
        (206, &[JSON]),
        (200, &[JSON, part]),
    ] {
        assert_eq!(chosen(status, response), Decision::Refuse(Flaw::Part));
    }
    assert_eq!(chosen(200, &[]), Decision::Trim(Sequence::Perhaps));
    let leave = Decision::Leave;
    assert_eq!(chosen(404, &[JSON]), leave(LeaveReason::Status));
    assert_eq!(
        chosen(200, &[("content-type", "image/png")]),
        leave(LeaveReason::Type)
    );
    let said = ("cache-control", "no-transform");
    let coded = ("content-encoding", "zz");
    assert_eq!(
        chosen(200, &[JSON, coded, said]),
        leave(LeaveReason::NoTransform)
    );
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
    rewrite_headers(&mut headers, Reach::Minify);
    let left = fields(&[JSON, ("etag", "W/\"a\""), ("last-modified", "x")]);
    assert_eq!(headers, left);
    let coded = fields(&[JSON, ("content-encoding", "gzip")]);
    for (reach, left) in [
        (Reach::Minify, coded.clone()),
        (Reach::Select, fields(&[JSON])),
    ] {
        let mut headers = coded.clone();
        rewrite_headers(&mut headers, reach);
        assert_eq!(headers, left);
    }
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

/// RFC 9110, section 15.4.5: a 304 has the tag of the 200.
#[test]
fn a_304_has_the_tag_of_what_it_confirms() {
    type Fields = &'static [(&'static str, &'static str)];
    let confirmed = |reach, request: Fields, kept: Option<Fields>, said: Fields| {
        let mut response = fields(said);
        response.insert(header::ETAG, HeaderValue::from_static("\"a\""));
        let kept = kept.map(fields);
        confirm(reach, &fields(request), kept.as_ref(), &mut response);
        response[header::ETAG] == "W/\"a\""
    };
    let date: Fields = &[("if-modified-since", "x")];
    let weak: Fields = &[("if-none-match", "W/\"a\"")];
    let strong: Fields = &[("if-none-match", "\"a\"")];
    let other: Fields = &[("if-none-match", "*")];
    let json: Fields = &[("content-type", "application/json")];
    let image: Fields = &[("content-type", "image/png")];
    let none: Fields = &[];
    for (request, kept, said, is_weak) in [
        (weak, None, none, true),
        (weak, None, json, true),
        (weak, None, image, false),
        (strong, None, none, false),
        (strong, None, json, false),
        (other, None, none, true),
        (date, None, none, false),
        (date, None, json, true),
        (date, None, image, false),
        // The cache asks with tags of its own, and keeps the origin's type.
        (strong, Some(json), none, true),
        (date, Some(json), none, true),
        (date, Some(json), image, true),
        (weak, Some(image), none, false),
        (date, Some(image), image, false),
    ] {
        for reach in [Reach::Minify, Reach::Select] {
            let got = confirmed(reach, request, kept, said);
            assert_eq!(got, is_weak, "{reach:?} {request:?} {kept:?} {said:?}");
        }
    }
    // A list is for what has no type, too.
    assert!(!confirmed(Reach::Minify, date, Some(none), none));
    assert!(confirmed(Reach::Select, date, Some(none), none));
}
