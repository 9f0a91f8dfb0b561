use std::net::IpAddr;

use policy::Scheme;
use proptest::prelude::*;

use super::{Hop, *};

/// What is known about a request, in parts.
#[derive(Clone, Copy)]
struct Facts<'a> {
    peer: IpAddr,
    trust: PeerTrust,
    scheme: Scheme,
    authority: &'a str,
    version: Version,
    upgrade: UpgradeIntent,
    instance: &'a Instance,
}

fn prepare_request(headers: &mut HeaderMap, facts: &Facts<'_>) {
    let hop = Hop::new(facts.peer, facts.scheme, facts.authority);
    let facts = ForwardFacts {
        hop: &hop,
        trust: facts.trust,
        version: facts.version,
        upgrade: facts.upgrade,
        instance: facts.instance,
    };
    super::prepare_request(headers, &facts);
}

fn instance() -> Instance {
    Instance::new("forebay-7f3a").unwrap()
}

fn map(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    headers
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

fn facts<'a>(peer: &str, trust: PeerTrust, instance: &'a Instance) -> Facts<'a> {
    Facts {
        peer: peer.parse().unwrap(),
        trust,
        scheme: Scheme::Https,
        authority: "example.com",
        version: Version::HTTP_11,
        upgrade: UpgradeIntent::None,
        instance,
    }
}

/// TRAPS 12: what an unknown client says about itself does not reach the upstream.
#[test]
fn from_an_untrusted_peer() {
    let instance = instance();
    let mut headers = map(&[
        ("host", "EXAMPLE.com:443"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "evil"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "DELETE"),
        ("proxy", "http://evil"),
        ("expect", "100-continue"),
        ("connection", "x-forwarded-for, keep-alive"),
        ("accept-encoding", "gzip"),
        ("cdn-loop", "cdn.example"),
    ]);
    prepare_request(
        &mut headers,
        &facts("192.0.2.1", PeerTrust::Untrusted, &instance),
    );
    assert_eq!(
        lines(&headers),
        [
            "accept-encoding: gzip",
            "cdn-loop: cdn.example",
            "forwarded: for=192.0.2.1;host=example.com;proto=https",
            "host: example.com",
            "via: 1.1 forebay-7f3a",
            "x-forwarded-for: 192.0.2.1",
            "x-forwarded-host: example.com",
            "x-forwarded-proto: https",
        ]
    );
}

/// TRAPS 12: a trusted proxy's word is continued, but overrides stay out.
#[test]
fn from_a_trusted_peer() {
    let instance = instance();
    let mut headers = map(&[
        ("host", "inner"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-host", "shop.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "for=198.51.100.1"),
        ("x-real-ip", "198.51.100.1"),
        ("x-original-url", "/admin"),
        ("via", "1.1 edge"),
    ]);
    let facts = Facts {
        authority: "[2001:db8::9]:8443",
        version: Version::HTTP_2,
        ..facts("2001:db8::1", PeerTrust::Trusted, &instance)
    };
    prepare_request(&mut headers, &facts);
    assert_eq!(
        lines(&headers),
        [
            "forwarded: for=198.51.100.1, for=\"[2001:db8::1]\";host=\"[2001:db8::9]:8443\";proto=https",
            "host: [2001:db8::9]:8443",
            "via: 1.1 edge",
            "via: 2 forebay-7f3a",
            "x-forwarded-for: 6.6.6.6, 198.51.100.1, 2001:db8::1",
            "x-forwarded-host: shop.example",
            "x-forwarded-proto: http",
            "x-real-ip: 198.51.100.1",
        ]
    );
}

/// TRAPS 6: naming our fields in `Connection` does not remove them, because ours come afterwards.
#[test]
fn connection_cannot_remove_what_is_added() {
    let instance = instance();
    let mut headers = map(&[("connection", "X-Forwarded-For, Forwarded, Via, Host")]);
    prepare_request(
        &mut headers,
        &facts("192.0.2.1", PeerTrust::Untrusted, &instance),
    );
    for name in ["x-forwarded-for", "forwarded", "via", "host"] {
        assert!(headers.contains_key(name), "{name}");
    }
    assert!(!headers.contains_key("connection"));
}

/// TRAPS 25: no list is begun in the middle of the way, where its first element is not the client.
#[test]
fn only_the_list_that_was_kept_is_continued() {
    let instance = instance();
    for (kept, left_out) in [
        ("x-forwarded-for", "forwarded"),
        ("forwarded", "x-forwarded-for"),
    ] {
        let mut headers = map(&[(kept, "for=198.51.100.1")]);
        prepare_request(
            &mut headers,
            &facts("10.0.0.1", PeerTrust::Trusted, &instance),
        );
        let line = headers[kept].to_str().unwrap();
        assert!(line.starts_with("for=198.51.100.1, ") && line.contains("10.0.0.1"));
        assert!(!headers.contains_key(left_out));
        assert!(headers.contains_key("x-forwarded-proto"));
    }
}

#[test]
fn without_a_host() {
    let instance = instance();
    let mut headers = HeaderMap::new();
    let facts = Facts {
        authority: "",
        version: Version::HTTP_10,
        ..facts("::ffff:192.0.2.1", PeerTrust::Untrusted, &instance)
    };
    prepare_request(&mut headers, &facts);
    assert_eq!(
        lines(&headers),
        [
            "forwarded: for=192.0.2.1;proto=https",
            "via: 1.0 forebay-7f3a",
            "x-forwarded-for: 192.0.2.1",
            "x-forwarded-proto: https",
        ]
    );
}

#[test]
fn trailers_are_still_wanted() {
    let instance = instance();
    for (te, wanted) in [
        ("trailers", Some("trailers")),
        ("gzip, Trailers", Some("trailers")),
        ("gzip", None),
    ] {
        let mut headers = map(&[("te", te), ("connection", "te")]);
        prepare_request(
            &mut headers,
            &facts("192.0.2.1", PeerTrust::Untrusted, &instance),
        );
        let got = headers.get("te").map(|v| v.to_str().unwrap());
        assert_eq!(got, wanted, "{te}");
        assert!(!headers.contains_key("connection"));
    }
}

/// TRAPS 4: `Upgrade` goes on only when it was admitted.
#[test]
fn upgrades() {
    let instance = instance();
    for (upgrade, wanted) in [
        (UpgradeIntent::WebSocket, Some("websocket")),
        (UpgradeIntent::Drop, None),
    ] {
        let mut headers = map(&[
            ("upgrade", "h2c"),
            ("connection", "upgrade, http2-settings"),
            ("http2-settings", "AAMA"),
            ("sec-websocket-key", "k"),
        ]);
        let facts = Facts {
            upgrade,
            ..facts("192.0.2.1", PeerTrust::Untrusted, &instance)
        };
        prepare_request(&mut headers, &facts);
        let got = headers.get("upgrade").map(|v| v.to_str().unwrap());
        assert_eq!(got, wanted);
        assert_eq!(headers.contains_key("connection"), wanted.is_some());
        assert!(!headers.contains_key("http2-settings"));
        assert!(headers.contains_key("sec-websocket-key"));
    }
}

/// TRAPS 7: a response loses its hop-by-hop fields; a 101 keeps the upgrade.
#[test]
fn responses() {
    let fields = [
        ("connection", "keep-alive, x-hop"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "1"),
        ("upgrade", "h2c"),
        ("via", "1.1 origin"),
        ("etag", "\"1\""),
    ];
    let mut headers = map(&fields);
    prepare_response(&mut headers);
    assert_eq!(lines(&headers), ["etag: \"1\"", "via: 1.1 origin"]);
    let mut headers = map(&fields);
    prepare_switching(&mut headers);
    assert_eq!(headers["upgrade"], "websocket");
    assert_eq!(headers["connection"], "upgrade");
}

#[test]
fn loops() {
    let instance = instance();
    for (via, wanted) in [
        ("1.1 forebay-7f3a", Err(Failure::Loop)),
        ("1.1 a, HTTP/2  Forebay-7F3A (x)", Err(Failure::Loop)),
        ("1.1 forebay-7f3b", Ok(())),
        ("1.1 forebay-7f3a.example", Ok(())),
        ("forebay-7f3a", Ok(())),
        ("", Ok(())),
    ] {
        let headers = map(&[("via", "1.0 x"), ("via", via)]);
        assert_eq!(check_loop(&headers, &instance), wanted, "{via}");
    }
    assert_eq!(check_loop(&HeaderMap::new(), &instance), Ok(()));
}

#[test]
fn what_is_sent_is_found_again() {
    let instance = instance();
    let mut headers = HeaderMap::new();
    prepare_request(
        &mut headers,
        &facts("192.0.2.1", PeerTrust::Untrusted, &instance),
    );
    assert_eq!(check_loop(&headers, &instance), Err(Failure::Loop));
}

#[test]
fn pseudonyms() {
    for bad in ["", "a b", "a,b", "a(b)", "caf\u{e9}"] {
        assert_eq!(Instance::new(bad).err(), Some(InvalidPseudonym), "{bad}");
    }
    assert_eq!(instance().pseudonym(), "forebay-7f3a");
}

proptest! {
    /// TRAPS 25: however long and odd the list of a trusted peer, this hop is its last element.
    #[test]
    fn the_last_hop_is_ours(before in proptest::collection::vec("[ -~]{0,120}", 0..4)) {
        let instance = instance();
        let fields: Vec<_> = before.iter().map(|v| ("x-forwarded-for", v.as_str())).collect();
        let mut headers = map(&fields);
        prepare_request(&mut headers, &facts("10.0.0.1", PeerTrust::Trusted, &instance));
        let all: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        prop_assert_eq!(all.len(), 1);
        let text = all[0].to_str().unwrap();
        prop_assert_eq!(text.rsplit(',').next().unwrap().trim(), "10.0.0.1");
        for line in before {
            prop_assert!(text.contains(line.trim()));
        }
    }
}
