//! What of a request is hashed: the first thing that it has of those that the operator named.
//!
//! A request that has none of them is known by its client's address, and so a client without the
//! cookie or the header still comes to one endpoint and not to any.

use std::net::IpAddr;

use http::HeaderMap;
use policy::{HashOn, PathPattern};
use xxhash_rust::xxh3::xxh3_64;

use super::HashKey;
use crate::{cache::persona, client_ip::limit_key_ip, routing::parameter};

/// What is known of the request.
#[derive(Clone, Copy, Debug)]
pub struct HashFacts<'a> {
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// Its path, in its one spelling.
    pub path: &'a str,
    /// What its route wants of the path.
    pub pattern: &'a PathPattern,
    /// The client.
    pub client: IpAddr,
}

// === impl HashKey ===

impl HashKey {
    /// The key of a request, on the first of these that it has.
    pub fn of(on: &[HashOn], facts: &HashFacts<'_>) -> Self {
        let found = on.iter().find_map(|on| match on {
            HashOn::ClientIp => Some(Self::of_client(facts.client)),
            HashOn::Cookie(name) => {
                persona::cookie(facts.headers, name.as_bytes()).map(Self::of_bytes)
            }
            HashOn::Header(name) => {
                let value = facts.headers.get(name);
                value.map(|value| Self::of_bytes(value.as_bytes()))
            }
            HashOn::PathParameter(name) => {
                parameter(facts.path, facts.pattern, name).map(|it| Self::of_bytes(it.as_bytes()))
            }
        });
        found.unwrap_or_else(|| Self::of_client(facts.client))
    }

    fn of_client(client: IpAddr) -> Self {
        match limit_key_ip(client) {
            IpAddr::V4(address) => Self::of_bytes(&address.octets()),
            IpAddr::V6(address) => Self::of_bytes(&address.octets()),
        }
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        Self(xxh3_64(bytes))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, header};
    use policy::PathSegment;

    use super::*;

    fn pattern() -> PathPattern {
        PathPattern {
            segments: vec![
                PathSegment::Literal("users".to_owned()),
                PathSegment::Parameter("id".to_owned()),
                PathSegment::Rest("rest".to_owned()),
            ],
        }
    }

    /// The key of a request to `/users/7/a/b` with these fields.
    fn key(on: &[HashOn], fields: &[(HeaderName, &'static str)], client: &str) -> HashKey {
        let fields = fields.iter().cloned();
        let headers = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
        HashKey::of(
            on,
            &HashFacts {
                headers: &headers.collect(),
                path: "/users/7/a/b",
                pattern: &pattern(),
                client: client.parse().unwrap(),
            },
        )
    }

    fn on_tenant() -> HashOn {
        HashOn::Header(HeaderName::from_static("tenant"))
    }

    #[test]
    fn each_thing_is_found() {
        let tenant = HeaderName::from_static("tenant");
        for (on, wanted) in [
            (on_tenant(), "blue"),
            (HashOn::Cookie("session".to_owned()), "s1"),
            (HashOn::PathParameter("id".to_owned()), "7"),
            (HashOn::PathParameter("rest".to_owned()), "a/b"),
        ] {
            let fields = [
                (tenant.clone(), "blue"),
                (header::COOKIE, "other=x; session=s1"),
            ];
            let got = key(std::slice::from_ref(&on), &fields, "10.0.0.1");
            assert_eq!(got, HashKey::of_bytes(wanted.as_bytes()), "{on:?}");
        }
    }

    #[test]
    fn the_first_that_is_there_counts() {
        let on = [
            HashOn::Cookie("session".to_owned()),
            HashOn::PathParameter("nothing".to_owned()),
            on_tenant(),
            HashOn::ClientIp,
        ];
        let tenant = (HeaderName::from_static("tenant"), "blue");
        assert_eq!(key(&on, &[tenant], "10.0.0.1"), HashKey::of_bytes(b"blue"));
        let client = HashKey::of_bytes(&[10, 0, 0, 1]);
        assert_eq!(key(&on, &[], "10.0.0.1"), client);
        assert_eq!(key(&[], &[], "10.0.0.1"), client);
        assert_eq!(key(&[on_tenant()], &[], "10.0.0.1"), client);
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let of = |client| key(&[HashOn::ClientIp], &[], client);
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
