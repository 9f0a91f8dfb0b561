use proptest::prelude::*;

use super::*;

fn try_one(
    method: &str,
    target: &str,
    version: Version,
    fields: &[(&str, &str)],
) -> Result<Admitted, Malformed> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: http::HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    admit(&RequestHead {
        method: &method.parse().unwrap(),
        uri: &target.parse().unwrap(),
        version,
        headers: &headers,
    })
}

type Lines<'a> = &'a [(&'a str, &'a str)];

const V10: Version = Version::HTTP_10;
const V11: Version = Version::HTTP_11;
const V2: Version = Version::HTTP_2;

/// TRAPS 1: nothing but exactly one `chunked`, and never with HTTP/1.0.
#[test]
fn transfer_encoding() {
    use DeclaredBody::Chunked;
    let bad = Err(Malformed::TransferEncoding);
    let te = "transfer-encoding";
    type Case<'a> = (Version, Lines<'a>, Result<DeclaredBody, Malformed>);
    let cases: &[Case<'_>] = &[
        (V11, &[(te, "chunked")], Ok(Chunked)),
        (V11, &[(te, "Chunked")], Ok(Chunked)),
        (
            V11,
            &[(te, "chunked"), ("content-length", "5")],
            Ok(Chunked),
        ),
        (V11, &[(te, "gzip, chunked")], bad),
        (V11, &[(te, "chunked, chunked")], bad),
        (V11, &[(te, "chunked"), (te, "chunked")], bad),
        (V11, &[(te, "chunked"), (te, "identity")], bad),
        (V11, &[(te, "identity")], bad),
        (V11, &[(te, "xchunked")], bad),
        (V11, &[(te, "")], bad),
        (V11, &[(te, "\"chunked\"")], bad),
        (V10, &[(te, "chunked")], bad),
        (V2, &[(te, "chunked")], bad),
    ];
    for (version, fields, wanted) in cases {
        let got = try_one("POST", "/", *version, fields).map(|a| a.body);
        assert_eq!(got, *wanted, "{version:?} {fields:?}");
    }
}

/// TRAPS 2: one run of digits, and the same on every line.
#[test]
fn content_length() {
    use DeclaredBody::Length;
    let bad = Err(Malformed::ContentLength);
    for (lines, wanted) in [
        (&["5"][..], Ok(Length(5))),
        (&["0"], Ok(Length(0))),
        (&["18446744073709551615"], Ok(Length(u64::MAX))),
        (&["5", "5"], Ok(Length(5))),
        (&["5", "6"], bad),
        (&["5", "05"], bad),
        (&["5", "5", "6"], bad),
        (&["5, 5"], bad),
        (&["+5"], bad),
        (&["-1"], bad),
        (&[""], bad),
        (&["5 "], bad),
        (&["0x5"], bad),
        (&["5.0"], bad),
        (&["18446744073709551616"], bad),
    ] {
        let fields: Vec<_> = lines.iter().map(|v| ("content-length", *v)).collect();
        let got = try_one("POST", "/", V11, &fields).map(|a| a.body);
        assert_eq!(got, wanted, "{lines:?}");
    }
}

/// TRAPS 4: only a WebSocket handshake is let through; `h2c` never is.
#[test]
fn upgrades() {
    use UpgradeIntent::{Drop, WebSocket};
    let ws = ("upgrade", "websocket");
    let con = ("connection", "keep-alive, Upgrade");
    type Case<'a> = (
        &'a str,
        Version,
        Lines<'a>,
        Result<UpgradeIntent, Malformed>,
    );
    let cases: &[Case<'_>] = &[
        ("GET", V11, &[], Ok(UpgradeIntent::None)),
        ("GET", V11, &[ws, con], Ok(WebSocket)),
        ("GET", V11, &[("upgrade", "WebSocket"), con], Ok(WebSocket)),
        (
            "GET",
            V11,
            &[ws, con, ("content-length", "0")],
            Ok(WebSocket),
        ),
        (
            "GET",
            V11,
            &[ws, con, ("content-length", "1")],
            Err(Malformed::Upgrade),
        ),
        (
            "GET",
            V11,
            &[ws, con, ("transfer-encoding", "chunked")],
            Err(Malformed::Upgrade),
        ),
        (
            "POST",
            V11,
            &[ws, con, ("content-length", "1")],
            Err(Malformed::Upgrade),
        ),
        ("POST", V11, &[ws, con], Ok(Drop)),
        ("GET", V11, &[ws], Ok(Drop)),
        ("GET", V10, &[ws, con], Ok(Drop)),
        ("GET", V11, &[ws, ws, con], Ok(Drop)),
        ("GET", V11, &[("upgrade", "websocket, h2c"), con], Ok(Drop)),
        (
            "GET",
            V11,
            &[
                ("upgrade", "h2c"),
                ("connection", "Upgrade, HTTP2-Settings"),
            ],
            Ok(Drop),
        ),
        (
            "POST",
            V11,
            &[("upgrade", "h2c"), con, ("content-length", "9")],
            Ok(Drop),
        ),
        ("GET", V2, &[ws], Err(Malformed::ConnectionField)),
    ];
    for (method, version, fields, wanted) in cases {
        let got = try_one(method, "/", *version, fields).map(|a| a.upgrade);
        assert_eq!(got, *wanted, "{method} {version:?} {fields:?}");
    }
}

/// TRAPS 5: what belongs to an HTTP/1 connection has no place in HTTP/2.
#[test]
fn http2_fields() {
    for (name, value, wanted) in [
        ("connection", "close", Some(Malformed::ConnectionField)),
        ("keep-alive", "5", Some(Malformed::ConnectionField)),
        (
            "proxy-connection",
            "close",
            Some(Malformed::ConnectionField),
        ),
        ("te", "gzip", Some(Malformed::ConnectionField)),
        ("te", "trailers", None),
        ("accept", "*/*", None),
    ] {
        let got = try_one("GET", "/", V2, &[(name, value)]);
        assert_eq!(got.err(), wanted, "{name}: {value}");
        assert!(try_one("GET", "/", V11, &[(name, value)]).is_ok());
    }
}

#[test]
fn methods_and_targets() {
    for (method, target, wanted) in [
        ("GET", "/", None),
        ("GET", "http://a/x", None),
        ("GET", "http://a", None),
        ("OPTIONS", "*", None),
        ("GET", "*", Some(Malformed::Target)),
        ("GET", "example.com:80", Some(Malformed::Target)),
        ("GET", "example.com", Some(Malformed::Target)),
        ("GET", "ftp://a/x", Some(Malformed::Target)),
        ("CONNECT", "example.com:443", Some(Malformed::Method)),
        ("TRACE", "/", Some(Malformed::Method)),
        ("BREW", "/pot", None),
    ] {
        let got = try_one(method, target, V11, &[]).err();
        assert_eq!(got, wanted, "{method} {target}");
    }
}

/// TRAPS 8: only the one expectation there is.
#[test]
fn expectations() {
    for (version, value, wanted) in [
        (V11, "100-continue", None),
        (V11, "100-Continue", None),
        (V11, "200-ok", Some(Malformed::Expectation)),
        (V2, "", Some(Malformed::Expectation)),
        (V10, "200-ok", None),
    ] {
        let got = try_one("POST", "/", version, &[("expect", value)]).err();
        assert_eq!(got, wanted, "{version:?} {value}");
    }
}

proptest! {
    /// TRAPS 2: what is taken as a length is digits that mean that number.
    #[test]
    fn lengths_are_numbers(text in "[ -~]{0,22}") {
        let got = try_one("POST", "/", V11, &[("content-length", text.as_str())]);
        match got {
            Ok(admitted) => {
                prop_assert!(text.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(admitted.body, DeclaredBody::Length(text.parse().unwrap()));
            }
            Err(failure) => prop_assert_eq!(failure, Malformed::ContentLength),
        }
    }
}
