use std::hash::{DefaultHasher, Hash as _, Hasher};

use http::HeaderName;
use policy::PathSegment;
use proptest::prelude::*;

use super::*;

fn hash(bytes: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, bytes).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn header(name: &'static str) -> CallerPart {
    CallerPart::Header(HeaderName::from_static(name))
}

fn cookie(name: &str) -> CallerPart {
    CallerPart::Cookie(name.to_owned())
}

fn key(parts: &[CallerPart]) -> CallerKey {
    CallerKey {
        parts: parts.to_vec(),
    }
}

/// A request with these fields, from this address.
struct Asked {
    fields: Vec<(&'static str, Vec<u8>)>,
    client: &'static str,
    path: &'static str,
    rejection: Option<Rejection>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            fields: Vec::new(),
            client: "192.0.2.1",
            path: "/users/7",
            rejection: None,
        }
    }
}

impl Asked {
    fn with(fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter();
        Self {
            fields: fields
                .map(|(name, value)| (*name, value.as_bytes().to_vec()))
                .collect(),
            ..Self::default()
        }
    }

    fn from(client: &'static str) -> Self {
        Self {
            client,
            ..Self::default()
        }
    }

    fn facts<T>(&self, then: impl FnOnce(&CallerFacts<'_>) -> T) -> T {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.fields {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let pattern = PathPattern {
            segments: vec![
                PathSegment::Literal("users".to_owned()),
                PathSegment::Parameter("id".to_owned()),
            ],
        };
        then(&CallerFacts {
            client: self.client.parse().unwrap(),
            headers: &headers,
            path: self.path,
            pattern: &pattern,
            proof: self.rejection.map_or(Proof::Nothing, Proof::Rejected),
        })
    }

    fn known(&self, parts: &[CallerPart]) -> Result<u128, Unclear> {
        let key = key(parts);
        self.facts(|facts| match identify(&key, facts, 1, hash) {
            Caller::Known(caller) => Ok(caller),
            Caller::Unknown(_, why) => Err(why),
        })
    }

    fn counted(
        &self,
        parts: &[CallerPart],
        on_unknown: UnknownCaller,
    ) -> Result<u128, &'static str> {
        let key = key(parts);
        self.facts(|facts| match count(&key, on_unknown, facts, 1, hash) {
            Counting::On(holder) => Ok(holder.key),
            Counting::Free => Err("free"),
            Counting::Deny(_, why) => Err(why.as_str()),
        })
    }
}

#[test]
fn an_ipv6_customer_is_one_caller_and_an_ipv4_address_another() {
    let of = |client| Asked::from(client).known(&[CallerPart::ClientIp]).unwrap();
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
}

#[test]
fn each_part_tells_callers_apart() {
    let of = |fields: &[(&'static str, &str)], part| Asked::with(fields).known(&[part]).unwrap();
    let by_header = |value| of(&[("x-key", value)], header("x-key"));
    assert_eq!(by_header("a"), by_header("a"));
    assert_ne!(by_header("a"), by_header("b"));
    assert_ne!(by_header(""), by_header("a"));
    let by_cookie = |value| of(&[("cookie", value)], cookie("s"));
    assert_eq!(by_cookie("x=1; s=a"), by_cookie("s=a; y=2"));
    assert_ne!(by_cookie("s=a"), by_cookie("s=b"));
    let by_path = |path| {
        let asked = Asked {
            path,
            ..Asked::default()
        };
        asked.known(&[CallerPart::PathParameter("id".to_owned())])
    };
    assert_eq!(by_path("/users/7"), by_path("/users/7/more"));
    assert_ne!(by_path("/users/7"), by_path("/users/8"));
    assert_eq!(by_path("*"), Err(Unclear::Absent));
}

#[test]
fn without_parts_everybody_is_one_caller() {
    let of = |client| Asked::from(client).known(&[]);
    assert!(of("192.0.2.1").is_ok());
    assert_eq!(of("192.0.2.1"), of("192.0.2.2"));
}

#[test]
fn what_counts_is_part_of_the_caller() {
    let numbers = [
        scope(&["a", "b"], hash),
        scope(&["ab", ""], hash),
        scope(&["", "ab"], hash),
        scope(&["b", "a"], hash),
        scope(&["ab"], hash),
    ];
    for (position, one) in numbers.iter().enumerate() {
        assert!(!numbers[..position].contains(one), "{position}");
    }
    let asked = Asked::default();
    let of = |scope| {
        asked.facts(|facts| {
            identify(&CallerKey::client_ip(), facts, scope, hash)
                == identify(&CallerKey::client_ip(), facts, 1, hash)
        })
    };
    assert_eq!([of(1), of(2)], [true, false]);
}

#[test]
fn an_empty_value_is_one_and_an_absent_one_is_none() {
    let empty = Asked::with(&[("x-key", ""), ("cookie", "s=")]);
    assert!(empty.known(&[header("x-key")]).is_ok());
    assert!(empty.known(&[cookie("s")]).is_ok());
    let absent = Asked::default();
    assert_eq!(absent.known(&[header("x-key")]), Err(Unclear::Absent));
    assert_eq!(absent.known(&[cookie("s")]), Err(Unclear::Absent));
    assert_eq!(
        absent.known(&[CallerPart::Claim("sub".to_owned())]),
        Err(Unclear::Absent)
    );
}

#[test]
fn who_says_it_twice_has_not_said_it() {
    let twice = Asked::with(&[("x-key", "a"), ("x-key", "a")]);
    assert_eq!(twice.known(&[header("x-key")]), Err(Unclear::Repeated));
    let one_line = Asked::with(&[("cookie", "s=a; s=b")]);
    assert_eq!(one_line.known(&[cookie("s")]), Err(Unclear::Repeated));
    let two_lines = Asked::with(&[("cookie", "s=a"), ("cookie", "s=b")]);
    assert_eq!(two_lines.known(&[cookie("s")]), Err(Unclear::Repeated));
}

#[test]
fn a_token_that_proves_nothing_names_nobody() {
    let asked = Asked {
        rejection: Some(Rejection::Unsigned),
        ..Asked::default()
    };
    let claim = [CallerPart::Claim("sub".to_owned())];
    assert_eq!(
        asked.known(&claim),
        Err(Unclear::Rejected(Rejection::Unsigned))
    );
    assert_eq!(asked.counted(&claim, UnknownCaller::Deny), Err("unsigned"));
}

#[test]
fn those_whom_nobody_knows_are_dealt_with_as_told() {
    use UnknownCaller::{Allow, ClientIp, Deny, Share};

    let parts = [header("x-key")];
    let (here, there) = (Asked::from("192.0.2.1"), Asked::from("192.0.2.2"));
    assert_eq!(here.counted(&parts, Allow), Err("free"));
    assert_eq!(here.counted(&parts, Deny), Err("absent"));
    assert_eq!(here.counted(&parts, Share), there.counted(&parts, Share));
    assert_ne!(
        here.counted(&parts, ClientIp),
        there.counted(&parts, ClientIp)
    );
    let twice = Asked::with(&[("x-key", "a"), ("x-key", "b")]);
    assert_eq!(
        twice.counted(&parts, ClientIp),
        here.counted(&parts, ClientIp)
    );
    // Who is known is counted for himself, whatever becomes of the others.
    let known = Asked::with(&[("x-key", "a")]);
    let wanted = known.known(&parts);
    for on_unknown in [Allow, ClientIp, Deny, Share] {
        assert_eq!(known.counted(&parts, on_unknown).ok(), wanted.ok());
    }
}

#[test]
fn an_address_stands_in_for_what_is_not_known_and_nothing_else() {
    let parts = [header("x-tenant"), header("x-key")];
    let of = |tenant| Asked::with(&[("x-tenant", tenant)]).counted(&parts, UnknownCaller::ClientIp);
    assert_eq!(of("blue"), of("blue"));
    assert_ne!(of("blue"), of("red"));
    // An address in a field is not the address that stands in for the field.
    let mapped = "192.0.2.1".parse::<std::net::Ipv4Addr>().unwrap();
    let octets = mapped.to_ipv6_mapped().octets();
    let forged = Asked {
        fields: vec![("x-key", octets.map(|octet| octet | 0x80).to_vec())],
        ..Asked::default()
    };
    let parts = [header("x-key")];
    let stood_in = Asked::default().counted(&parts, UnknownCaller::ClientIp);
    assert_ne!(forged.counted(&parts, UnknownCaller::ClientIp), stood_in);
}

#[test]
fn a_value_of_64_kib_is_a_number_like_any_other() {
    let long = |last: u8| {
        let mut value = vec![b'x'; 64 << 10];
        value.push(last);
        let asked = Asked {
            fields: vec![("x-key", value)],
            ..Asked::default()
        };
        asked.known(&[header("x-key")]).unwrap()
    };
    assert_eq!(long(b'a'), long(b'a'));
    assert_ne!(long(b'a'), long(b'b'));
}

/// TRAPS 25: each spelling would have an allowance of its own.
#[test]
fn a_piece_of_a_path_is_one_caller_however_it_is_spelled() {
    let of = |path: &'static str| {
        let asked = Asked {
            path,
            ..Asked::default()
        };
        let parts = [CallerPart::PathParameter("id".to_owned())];
        asked.known(&parts).unwrap()
    };
    for same in [
        "/users/a%40b",
        "/users/%61@b",
        "/users/a@b;x=1",
        "/users/a@b;",
    ] {
        assert_eq!(of(same), of("/users/a@b"), "{same}");
    }
    assert_ne!(of("/users/a@c"), of("/users/a@b"));
}

fn value_bytes() -> impl Strategy<Value = Vec<u8>> {
    // Few different bytes, so that equal and shifted values are common.
    proptest::collection::vec(
        prop_oneof![Just(b'a'), Just(b'b'), Just(b':'), Just(b','), Just(b'+')],
        0..6,
    )
}

proptest! {
    /// Two requests are one caller if and only if every part of them is the same.
    #[test]
    fn different_values_are_different_callers(
        one in (value_bytes(), value_bytes()),
        other in (value_bytes(), value_bytes()),
    ) {
        let parts = [header("x-a"), header("x-b")];
        let of = |(a, b): &(Vec<u8>, Vec<u8>)| {
            let asked = Asked {
                fields: vec![("x-a", a.clone()), ("x-b", b.clone())],
                ..Asked::default()
            };
            asked.known(&parts).unwrap()
        };
        prop_assert_eq!(of(&one) == of(&other), one == other);
    }
}
