use policy::{ByteSize, MediaTypePattern, UpstreamCodings};
use proptest::prelude::*;

use super::*;

fn policy(mode: Mode) -> CompressionPolicy {
    CompressionPolicy {
        mode,
        encodings: Coding::ALL.to_vec(),
        min_size: ByteSize::from_bytes(1024),
        types: vec![
            MediaTypePattern::Subtypes("text".to_owned()),
            MediaTypePattern::Exact("application/json".to_owned()),
            MediaTypePattern::Suffix {
                kind: "application".to_owned(),
                suffix: "+json".to_owned(),
            },
        ],
        ..CompressionPolicy::default()
    }
}

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// The same, with an origin that may compress, and types that leave piece by piece.
fn recoding() -> CompressionPolicy {
    CompressionPolicy {
        upstream_codings: UpstreamCodings::Recode,
        flush: vec![MediaTypePattern::Exact("text/event-stream".to_owned())],
        ..policy(Mode::Enforce)
    }
}

/// A request and a response that would be encoded, changed by a test.
struct Case {
    mode: Mode,
    method: Method,
    request: Vec<(&'static str, &'static str)>,
    status: u16,
    response: Vec<(&'static str, &'static str)>,
    length: Option<u64>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            method: Method::GET,
            request: vec![("accept-encoding", "gzip")],
            status: 200,
            response: vec![("content-type", "application/json; charset=utf-8")],
            length: Some(4096),
        }
    }
}

impl Case {
    fn decide(&self) -> (&'static str, &'static str) {
        let decision = self.decide_by(&policy(self.mode));
        (decision.outcome.as_str(), decision.vary.as_str())
    }

    fn decide_by(&self, policy: &CompressionPolicy) -> Decision {
        decide(
            policy,
            &Exchange {
                method: &self.method,
                request_headers: &map(&self.request),
                status: StatusCode::from_u16(self.status).unwrap(),
                response_headers: &map(&self.response),
                length: self.length,
            },
        )
    }

    fn request(name: &'static str, value: &'static str) -> Self {
        let mut case = Self::default();
        case.request.push((name, value));
        case
    }

    fn response(name: &'static str, value: &'static str) -> Self {
        let mut case = Self::default();
        case.response.push((name, value));
        case
    }

    fn kind(kind: &'static str) -> Self {
        Self {
            response: vec![("content-type", kind)],
            ..Self::default()
        }
    }

    fn accepting(line: &'static str, length: u64) -> Self {
        Self {
            request: vec![("accept-encoding", line)],
            length: Some(length),
            ..Self::default()
        }
    }

    /// What a HEAD is answered with, that tells this length.
    fn head(length: Option<&'static str>) -> Self {
        let mut case = Self {
            method: Method::HEAD,
            length: Some(0),
            ..Self::default()
        };
        case.response
            .extend(length.map(|length| ("content-length", length)));
        case
    }

    fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// TRAPS 18: what is never recoded, and what is said about it.
#[test]
fn decisions() {
    let d = Case::default;
    let cases = [
        (d(), "gzip", "needed"),
        (
            Case {
                length: None,
                ..d()
            },
            "gzip",
            "needed",
        ),
        (Case::status(404), "gzip", "needed"),
        (
            Case {
                mode: Mode::Off,
                ..d()
            },
            "off",
            "not-needed",
        ),
        (
            Case {
                mode: Mode::Shadow,
                ..d()
            },
            "shadow",
            "not-needed",
        ),
        (
            Case {
                mode: Mode::Shadow,
                ..Case::accepting("br;q=0", 4096)
            },
            "client-declined",
            "not-needed",
        ),
        (Case::head(None), "gzip", "needed"),
        (Case::head(Some("4096")), "gzip", "needed"),
        (Case::head(Some("1023")), "too-small", "not-needed"),
        (Case::head(Some("0")), "no-body", "not-needed"),
        (Case::head(Some("1023, 1023")), "gzip", "needed"),
        (
            Case {
                length: Some(0),
                ..d()
            },
            "no-body",
            "not-needed",
        ),
        (Case::status(204), "no-body", "not-needed"),
        (Case::status(205), "no-body", "not-needed"),
        (Case::status(304), "no-body", "not-needed"),
        (Case::status(101), "no-body", "not-needed"),
        // A part says what the whole would have said (RFC 9110 15.3.7).
        (Case::status(206), "partial", "needed"),
        (
            Case {
                status: 206,
                ..Case::kind("image/png")
            },
            "partial",
            "not-needed",
        ),
        (
            Case::response("content-range", "bytes */9"),
            "partial",
            "needed",
        ),
        (Case::request("if-range", "\"1\""), "partial", "needed"),
        (
            Case::response("content-encoding", "br"),
            "already-encoded",
            "not-needed",
        ),
        (
            Case::response("content-encoding", "identity"),
            "gzip",
            "needed",
        ),
        (
            Case::response("cache-control", "max-age=1, No-Transform"),
            "no-transform",
            "not-needed",
        ),
        // Others get it compressed.
        (
            Case::request("cache-control", "no-transform"),
            "no-transform",
            "needed",
        ),
        (
            Case::kind("text/event-stream;charset=utf-8"),
            "event-stream",
            "not-needed",
        ),
        (Case::kind("image/png"), "type", "not-needed"),
        (Case::kind("json"), "type", "not-needed"),
        (Case::kind("TEXT/Html"), "gzip", "needed"),
        (Case::kind("application/problem+JSON"), "gzip", "needed"),
        (Case::kind("application/+jso"), "type", "not-needed"),
        (Case::kind("image/svg+json"), "type", "not-needed"),
        (
            Case {
                response: vec![],
                ..d()
            },
            "type",
            "not-needed",
        ),
        (Case::accepting("gzip", 1023), "too-small", "not-needed"),
        (Case::accepting("gzip", 1024), "gzip", "needed"),
        (Case::accepting("deflate", 4096), "deflate", "needed"),
        (
            Case::accepting("gzip;q=0", 4096),
            "client-declined",
            "needed",
        ),
        (
            Case::accepting("identity;q=0, gzip;q=0.1", 10),
            "gzip",
            "needed",
        ),
        (
            Case::accepting("identity;q=0", 4096),
            "client-declined",
            "needed",
        ),
        (
            Case {
                request: vec![],
                ..d()
            },
            "client-declined",
            "needed",
        ),
    ];
    for (number, (case, outcome, vary)) in cases.iter().enumerate() {
        assert_eq!(case.decide(), (*outcome, *vary), "case {number}");
    }
}

/// TRAPS 18: what an origin has compressed goes on to those who take it, and is undone for others.
#[test]
fn codings_of_origins() {
    let plain = ("content-type", "application/json");
    let gzip = ("content-encoding", "gzip");
    let image = ("content-type", "image/png");
    let fixed = ("cache-control", "no-transform");
    let whole = ("accept-encoding", "br, identity;q=0.5");
    for (accepted, response, outcome, undo) in [
        ("gzip", vec![plain, gzip], "already-encoded", None),
        (
            "gzip;q=0.001, br",
            vec![plain, gzip],
            "already-encoded",
            None,
        ),
        ("*", vec![plain, gzip], "already-encoded", None),
        ("identity", vec![plain, gzip], "decoded", Some(Coding::Gzip)),
        ("", vec![plain, gzip], "decoded", Some(Coding::Gzip)),
        ("br", vec![plain, gzip], "br", Some(Coding::Gzip)),
        ("br", vec![image, gzip], "decoded", Some(Coding::Gzip)),
        ("br", vec![gzip], "decoded", Some(Coding::Gzip)),
        (
            "br",
            vec![plain, gzip, fixed],
            "decoded",
            Some(Coding::Gzip),
        ),
        ("gzip", vec![plain, gzip, fixed], "already-encoded", None),
        (
            "br",
            vec![plain, ("content-encoding", "gzip, br")],
            "already-encoded",
            None,
        ),
        (
            "br",
            vec![plain, ("content-encoding", "zz")],
            "already-encoded",
            None,
        ),
        (
            "br",
            vec![plain, gzip, ("content-range", "bytes 0-1/2")],
            "partial",
            None,
        ),
        ("br", vec![plain], "br", None),
    ] {
        let case = Case {
            request: vec![("accept-encoding", accepted)],
            response,
            ..Case::default()
        };
        let decision = case.decide_by(&recoding());
        let got = (decision.outcome.as_str(), decision.undo);
        assert_eq!(got, (outcome, undo), "{accepted} {:?}", case.response);
        let varies = !case
            .response
            .iter()
            .any(|field| matches!(field.1, "gzip, br" | "zz"));
        assert_eq!(
            decision.vary == VaryNeed::Needed,
            varies,
            "{:?}",
            case.response
        );
    }
    // A HEAD has the fields of the GET, and a validator in If-Range must not move twice.
    for (method, field, outcome) in [
        (Method::HEAD, ("x", "y"), "br"),
        (Method::GET, ("if-range", "\"1\""), "decoded"),
        (Method::GET, ("cache-control", "no-transform"), "decoded"),
    ] {
        let case = Case {
            method,
            request: vec![whole, field],
            response: vec![plain, gzip],
            ..Case::default()
        };
        let decision = case.decide_by(&recoding());
        let got = (decision.outcome.as_str(), decision.undo);
        assert_eq!(got, (outcome, Some(Coding::Gzip)), "{field:?}");
    }
}

/// Nothing happens to the body of a HEAD, and nothing is told of it.
#[test]
fn what_is_told_of_a_head() {
    let told = |case: Case| {
        let decision = case.decide_by(&policy(case.mode));
        decision.told(&case.method).as_str()
    };
    assert_eq!(told(Case::head(None)), "no-body");
    assert_eq!(told(Case::head(Some("9"))), "too-small");
    assert_eq!(told(Case::default()), "gzip");
}

/// TRAPS 18: what a trailer sums goes like what a header sums.
#[test]
fn trailers_of_a_changed_body() {
    let mut trailers = map(&[
        ("content-digest", "x"),
        ("repr-digest", "x"),
        ("digest", "x"),
        ("content-md5", "x"),
        ("etag", "\"v1\""),
        ("server-timing", "x"),
    ]);
    fit_trailers(&mut trailers);
    assert_eq!(
        trailers,
        map(&[("etag", "W/\"v1\""), ("server-timing", "x")])
    );
}

#[test]
fn fields_of_a_response_whose_coding_is_undone() {
    let mut headers = map(&[
        ("content-type", "text/html"),
        ("content-length", "4096"),
        ("content-encoding", "gzip"),
        ("accept-ranges", "bytes"),
        ("repr-digest", "x"),
        ("want-repr-digest", "x"),
        ("etag", "\"v1\""),
    ]);
    undo_headers(&mut headers);
    let mut left: Vec<_> = headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["content-type", "etag", "vary", "want-repr-digest"]);
    assert_eq!(headers["etag"], "W/\"v1\"");
}

#[test]
fn what_leaves_piece_by_piece_is_compressed_too() {
    let policy = recoding();
    for (kind, outcome, when) in [
        ("text/event-stream; charset=utf-8", "gzip", "each-piece"),
        ("TEXT/EVENT-STREAM", "gzip", "each-piece"),
        ("text/html", "gzip", "pauses"),
    ] {
        let case = Case::kind(kind);
        assert_eq!(case.decide_by(&policy).outcome.as_str(), outcome, "{kind}");
        assert_eq!(flushing(&policy, &map(&case.response)).as_str(), when);
    }
}

/// TRAPS 18: nothing that counts or sums the old bytes is left.
#[test]
fn fields_of_an_encoded_response() {
    let mut headers = map(&[
        ("content-type", "text/html"),
        ("content-length", "4096"),
        ("content-encoding", "identity"),
        ("accept-ranges", "bytes"),
        ("content-md5", "x"),
        ("digest", "x"),
        ("content-digest", "x"),
        ("repr-digest", "x"),
        ("etag", "\"v1\""),
        ("vary", "Origin"),
    ]);
    rewrite_headers(&mut headers, Coding::Br);
    let mut left: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "content-encoding: br",
            "content-type: text/html",
            "etag: W/\"v1\"",
            "vary: Origin",
            "vary: accept-encoding",
        ]
    );
}

/// TRAPS 18: one tag for two codings must not promise equal bytes.
#[test]
fn tags() {
    for (tag, wanted) in [
        ("\"a\"", Some("W/\"a\"")),
        ("W/\"a\"", Some("W/\"a\"")),
        ("\"\"", Some("W/\"\"")),
        ("a", None),
        ("\"", None),
        ("w/\"a\"", None),
    ] {
        let mut headers = map(&[("etag", tag)]);
        weaken_etag(&mut headers);
        assert_eq!(
            headers.get("etag").map(|v| v.to_str().unwrap()),
            wanted,
            "{tag}"
        );
    }
}

/// TRAPS 17: `Vary` names the field once, and `*` already says it.
#[test]
fn vary_once() {
    for (before, lines) in [
        (&[][..], 1),
        (&[("vary", "Accept-Encoding")], 1),
        (&[("vary", "origin, ACCEPT-ENCODING")], 1),
        (&[("vary", "*")], 1),
        (&[("vary", "accept-encoding-x")], 2),
    ] {
        let mut headers = map(before);
        add_vary(&mut headers);
        add_vary(&mut headers);
        assert_eq!(headers.get_all("vary").iter().count(), lines, "{before:?}");
    }
}

proptest! {
    /// TRAPS 18: whatever the tag was, what is left is weak.
    #[test]
    fn no_strong_tag_is_left(tag in "[ -~]{0,12}") {
        let mut headers = map(&[("etag", &tag)]);
        rewrite_headers(&mut headers, Coding::Gzip);
        prop_assert!(headers.get("etag").is_none_or(|tag| tag.as_bytes().starts_with(b"W/\"")));
    }

    #[test]
    fn any_type(kind in "[ -~]{0,24}") {
        let headers = map(&[("content-type", &kind)]);
        if let Some(essence) = media_type::essence(&headers) {
            for pattern in policy(Mode::Enforce).types {
                let _ = media_type::matches(&pattern, essence);
            }
        }
    }
}
