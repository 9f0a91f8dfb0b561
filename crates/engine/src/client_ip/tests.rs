use proptest::prelude::*;

use super::*;

fn found(peer: &str, lines: &[(&'static str, &str)]) -> ClientAddress {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    client_ip(peer.parse().unwrap(), &headers, &trusted)
}

/// TRAPS 25: the right-most hop that is not a configured proxy, and the peer by default.
#[test]
fn walks() {
    let xff = "x-forwarded-for";
    let fwd = "forwarded";
    type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], &'a str);
    let cases: &[Case<'_>] = &[
        ("192.0.2.9", &[], "192.0.2.9"),
        ("192.0.2.9", &[(xff, "1.1.1.1")], "192.0.2.9"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &[(xff, "1.1.1.1")], "1.1.1.1"),
        ("10.0.0.1", &[(xff, "6.6.6.6, 1.1.1.1")], "1.1.1.1"),
        (
            "10.0.0.1",
            &[(xff, "6.6.6.6, 1.1.1.1, 10.2.2.2")],
            "1.1.1.1",
        ),
        (
            "10.0.0.1",
            &[(xff, "6.6.6.6"), (xff, "1.1.1.1 ,, 10.2.2.2,")],
            "1.1.1.1",
        ),
        ("10.0.0.1", &[(xff, "10.3.3.3, 10.2.2.2")], "10.3.3.3"),
        (
            "10.0.0.1",
            &[(xff, "1.1.1.1, nonsense, 10.2.2.2")],
            "10.2.2.2",
        ),
        ("10.0.0.1", &[(xff, "unknown")], "10.0.0.1"),
        ("10.0.0.1", &[(xff, "1.1.1.1:4711")], "1.1.1.1"),
        ("10.0.0.1", &[(xff, "[2001:db8::1]:4711")], "2001:db8::1"),
        ("10.0.0.1", &[(xff, "[2001:db8::1]")], "2001:db8::1"),
        ("10.0.0.1", &[(xff, "[1.1.1.1]")], "10.0.0.1"),
        ("10.0.0.1", &[(xff, "::ffff:1.1.1.1")], "1.1.1.1"),
        ("::ffff:10.0.0.1", &[(xff, "1.1.1.1")], "1.1.1.1"),
        ("fd00::1", &[(xff, "1.1.1.1, ::ffff:10.9.9.9")], "1.1.1.1"),
        ("10.0.0.1", &[(fwd, "for=1.1.1.1;proto=http")], "1.1.1.1"),
        (
            "10.0.0.1",
            &[(fwd, "for=6.6.6.6, by=x; For=\"[2001:db8::1]:80\"")],
            "2001:db8::1",
        ),
        ("10.0.0.1", &[(fwd, "for=_hidden")], "10.0.0.1"),
        (
            "10.0.0.1",
            &[(fwd, "host=\"x, for=6.6.6.6, for=1.1.1.1")],
            "1.1.1.1",
        ),
        (
            "10.0.0.1",
            &[(fwd, "for=6.6.6.6"), (xff, "1.1.1.1")],
            "1.1.1.1",
        ),
    ];
    for (peer, lines, wanted) in cases {
        let wanted: IpAddr = wanted.parse().unwrap();
        assert_eq!(found(peer, lines).ip, wanted, "{peer} {lines:?}");
    }
}

/// TRAPS 25: one subscriber's IPv6 addresses share one allowance.
#[test]
fn keys() {
    for (ip, wanted) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::"),
    ] {
        let wanted: IpAddr = wanted.parse().unwrap();
        assert_eq!(limit_key_ip(ip.parse().unwrap()), wanted);
    }
}

proptest! {
    /// TRAPS 25: whatever an untrusted client puts in front, it cannot change who it is.
    #[test]
    fn cannot_be_spoofed(made_up in "[ -~]{0,40}", hops in 0_usize..3) {
        let mut line = format!("{made_up},203.0.113.7");
        for hop in 0..hops {
            line.push_str(&format!(", 10.0.0.{hop}"));
        }
        let seen = found("10.0.0.1", &[("x-forwarded-for", &line)]);
        prop_assert_eq!(seen.ip, "203.0.113.7".parse::<IpAddr>().unwrap());
        let elements = line.replace(", ", ",").replace(',', ", for=");
        let seen = found("10.0.0.1", &[("forwarded", &elements)]);
        prop_assert_eq!(seen.ip, "203.0.113.7".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn any_field(line in "[ -~]{0,40}") {
        let _ = found("10.0.0.1", &[("forwarded", &line)]);
        let _ = found("10.0.0.1", &[("x-forwarded-for", &line)]);
    }
}
