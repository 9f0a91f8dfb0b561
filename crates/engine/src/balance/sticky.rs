//! A cookie that binds a client to its endpoint.
//!
//! # What it says
//! A name of the endpoint that only the holder of the key can make, and a signature of it
//! (HMAC-SHA256): neither tells a client where the endpoint is, and nobody can choose one. Both are
//! made for one upstream, so that a cookie of another means nothing here.
//!
//! # What it cannot do
//! A cookie of another key, of an endpoint that is gone, or one that was never ours is as good as
//! none: the client gets an endpoint like anybody else, and a new cookie.
//!
//! # Whose it is
//! It is a matter between the client and us. It is taken out of the request before anything else is
//! done with it: neither the cache nor an upstream sees it.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, Entry},
};
use policy::{Endpoint, Sticky};
use ring::hmac;

/// The fewest bytes of a key.
pub const SHORTEST_KEY: usize = 16;
const NAME_LENGTH: usize = 16;
const TAG_LENGTH: usize = 32;

type Name = [u8; NAME_LENGTH];

/// What cookies are signed with.
#[derive(Clone, Debug)]
pub struct StickyKey(hmac::Key);

/// A key that is too short to keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key that signs sticky cookies has {0} bytes, and needs {SHORTEST_KEY} at least")]
pub struct ShortKey(pub usize);

/// The cookies of the endpoints of one upstream.
#[derive(Debug)]
pub struct Bindings {
    key: StickyKey,
    upstream: String,
    endpoints: HashMap<Name, usize>,
    values: Box<[String]>,
}

/// What a cookie turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The client belongs to the endpoint at this position.
    Endpoint(usize),
    /// Not of this key and upstream.
    Forged,
    /// Ours, of an endpoint that is not there any more.
    Gone,
}

/// A sticky cookie that a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Box<[u8]>,
}

/// How the client reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// In plain text.
    Http,
    /// Through TLS, which the cookie is to keep to.
    Https,
}

// === impl StickyKey ===

impl StickyKey {
    /// A key of at least [`SHORTEST_KEY`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, ShortKey> {
        match secret.len() < SHORTEST_KEY {
            true => Err(ShortKey(secret.len())),
            false => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret))),
        }
    }

    fn name(&self, upstream: &str, endpoint: &Endpoint) -> Name {
        let mut name = Name::default();
        let tag = self.sign(&[b"endpoint", upstream.as_bytes(), endpoint.url().as_bytes()]);
        name.copy_from_slice(&tag.as_ref()[..NAME_LENGTH]);
        name
    }

    fn sign(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

// === impl Bindings ===

impl Bindings {
    /// The cookies of `endpoints`, whose positions are those of this order.
    pub fn new<'a>(
        key: &StickyKey,
        upstream: &str,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
    ) -> Self {
        let names: Vec<_> = endpoints
            .into_iter()
            .map(|endpoint| key.name(upstream, endpoint))
            .collect();
        let value = |name: &Name| {
            let tag = hmac::sign(&key.0, &message(upstream, name));
            URL_SAFE_NO_PAD.encode([name.as_slice(), tag.as_ref()].concat())
        };
        Self {
            values: names.iter().map(value).collect(),
            endpoints: names.into_iter().zip(0..).collect(),
            upstream: upstream.to_owned(),
            key: key.clone(),
        }
    }

    /// Whom the value of a cookie binds its client to.
    pub fn read(&self, value: &[u8]) -> Binding {
        let mut bytes = [0; NAME_LENGTH + TAG_LENGTH];
        let Ok(length) = URL_SAFE_NO_PAD.decode_slice(value, &mut bytes) else {
            return Binding::Forged;
        };
        let (name, tag) = bytes.split_at(NAME_LENGTH);
        if length != bytes.len()
            || hmac::verify(&self.key.0, &message(&self.upstream, name), tag).is_err()
        {
            return Binding::Forged;
        }
        self.endpoints
            .get(name)
            .map_or(Binding::Gone, |at| Binding::Endpoint(*at))
    }

    /// The value that binds to the endpoint at this position.
    pub fn value(&self, endpoint: usize) -> Option<&str> {
        self.values.get(endpoint).map(String::as_str)
    }
}

/// What is signed of a name.
fn message(upstream: &str, name: &[u8]) -> Vec<u8> {
    [b"cookie", name, upstream.as_bytes()].concat()
}

// === impl Binding ===

impl Binding {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::Forged => "forged",
            Self::Gone => "gone",
        }
    }
}

/// Takes the cookies of these names out of a request.
pub fn take(headers: &mut HeaderMap, names: &[Arc<str>]) -> Vec<Crumb> {
    let mut taken = Vec::new();
    let lines = headers.get_all(COOKIE);
    if !lines.iter().any(|line| names_one(line.as_bytes(), names)) {
        return taken;
    }
    let mut kept: Vec<HeaderValue> = Vec::new();
    if let Entry::Occupied(lines) = headers.entry(COOKIE) {
        for line in lines.remove_entry_mult().1 {
            let rest = rest_of(line.as_bytes(), names, &mut taken);
            // A part of what was a field is one.
            kept.extend(
                HeaderValue::try_from(rest)
                    .ok()
                    .filter(|rest| !rest.is_empty()),
            );
        }
    }
    for line in kept {
        headers.append(COOKIE, line);
    }
    taken
}

fn names_one(line: &[u8], names: &[Arc<str>]) -> bool {
    let mut crumbs = line.split(|byte| *byte == b';');
    crumbs.any(|crumb| named(crumb, names).is_some())
}

/// The line without the cookies of these names.
fn rest_of(line: &[u8], names: &[Arc<str>], taken: &mut Vec<Crumb>) -> Vec<u8> {
    let mut rest = Vec::with_capacity(line.len());
    for crumb in line.split(|byte| *byte == b';') {
        match named(crumb, names) {
            Some((name, value)) => taken.push(Crumb {
                name: Arc::clone(name),
                value: value.into(),
            }),
            None if rest.is_empty() => rest.extend_from_slice(crumb.trim_ascii_start()),
            None => {
                rest.push(b';');
                rest.extend_from_slice(crumb);
            }
        }
    }
    rest
}

/// Name and value of the cookie, if it is one of these.
fn named<'a>(crumb: &'a [u8], names: &'a [Arc<str>]) -> Option<(&'a Arc<str>, &'a [u8])> {
    let at = crumb.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (crumb[..at].trim_ascii(), crumb[at + 1..].trim_ascii());
    let known = names.iter().find(|known| known.as_bytes() == name)?;
    Some((known, value))
}

/// The `Set-Cookie` that binds with this value (RFC 6265, section 4.1), if it can be one.
pub fn set_cookie(sticky: &Sticky, value: &str, arrival: Arrival) -> Option<HeaderValue> {
    let mut cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", sticky.cookie);
    if let Some(ttl) = sticky.ttl {
        let _infallible = write!(cookie, "; Max-Age={}", ttl.as_secs());
    }
    if arrival == Arrival::Https {
        cookie.push_str("; Secure");
    }
    HeaderValue::try_from(cookie).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use policy::Scheme;
    use proptest::prelude::*;

    use super::*;

    fn endpoints(ports: &[u16]) -> Vec<Endpoint> {
        let endpoint = |port: &u16| Endpoint::tcp(Scheme::Http, "10.0.0.1", *port);
        ports.iter().map(endpoint).collect()
    }

    fn bindings(secret: &[u8], upstream: &str, ports: &[u16]) -> Bindings {
        let key = StickyKey::new(secret).unwrap();
        Bindings::new(&key, upstream, &endpoints(ports))
    }

    const SECRET: &[u8] = b"sixteen bytes ok";

    #[test]
    fn a_client_stays_where_it_was_wherever_that_stands_now() {
        let before = bindings(SECRET, "api", &[1, 2, 3]);
        let after = bindings(SECRET, "api", &[3, 1]);
        let read = |at| after.read(before.value(at).unwrap().as_bytes());
        assert_eq!(read(0), Binding::Endpoint(1));
        assert_eq!(read(1), Binding::Gone);
        assert_eq!(read(2), Binding::Endpoint(0));
        assert_eq!(before.value(3), None);
    }

    #[test]
    fn another_key_and_another_upstream_mean_nothing() {
        let ours = bindings(SECRET, "api", &[1]);
        for other in [
            bindings(b"another sixteen.", "api", &[1]),
            bindings(SECRET, "web", &[1]),
        ] {
            let value = other.value(0).unwrap();
            assert_eq!(ours.read(value.as_bytes()), Binding::Forged);
        }
    }

    #[test]
    fn nothing_can_be_changed() {
        let ours = bindings(SECRET, "api", &[1, 2]);
        let value = ours.value(0).unwrap();
        for at in 0..value.len() {
            let mut changed = value.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(ours.read(&changed), Binding::Forged, "{at}");
        }
        assert_eq!(ours.read(&value.as_bytes()[1..]), Binding::Forged);
        let longer = format!("{value}AAAA");
        assert_eq!(ours.read(longer.as_bytes()), Binding::Forged);
    }

    #[test]
    fn an_address_is_not_told() {
        let ours = bindings(SECRET, "api", &[1]);
        let bytes = URL_SAFE_NO_PAD.decode(ours.value(0).unwrap()).unwrap();
        let told = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!told.contains("10.0.0.1"), "{told}");
    }

    #[test]
    fn short_keys_are_refused() {
        let error = StickyKey::new(&[7; 15]).unwrap_err();
        assert_eq!(error, ShortKey(15));
        assert!(StickyKey::new(&[7; 16]).is_ok());
    }

    #[test]
    fn the_cookie_says_how_far_it_goes() {
        let mut sticky = Sticky {
            cookie: "at".to_owned(),
            key_file: None,
            ttl: None,
        };
        let plain = set_cookie(&sticky, "x", Arrival::Http).unwrap();
        assert_eq!(plain, "at=x; Path=/; HttpOnly; SameSite=Lax");
        sticky.ttl = Some(Duration::from_secs(90));
        let secure = set_cookie(&sticky, "x", Arrival::Https).unwrap();
        assert_eq!(
            secure,
            "at=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=90; Secure"
        );
    }

    fn taken(lines: &[&'static str]) -> (Vec<String>, Vec<String>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        let crumbs = take(&mut headers, &[Arc::from("at"), Arc::from("to")]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let left = headers.get_all(COOKIE).iter();
        (
            crumbs
                .iter()
                .map(|it| format!("{}={}", it.name, text(&it.value)))
                .collect(),
            left.map(|line| text(line.as_bytes())).collect(),
        )
    }

    #[test]
    fn only_our_cookies_are_taken_out() {
        let all: [(&[&str], &[&str], &[&str]); 7] = [
            (&["at=x"], &["at=x"], &[]),
            (&["a=1; at=x; b=2"], &["at=x"], &["a=1; b=2"]),
            (&["at=x; b=2"], &["at=x"], &["b=2"]),
            (&["a=1", "at=x", "b=2"], &["at=x"], &["a=1", "b=2"]),
            (&["at=x;to = y ;at=z"], &["at=x", "to=y", "at=z"], &[]),
            (&["a=1;  b=at=2; cat=3"], &[], &["a=1;  b=at=2; cat=3"]),
            (&[], &[], &[]),
        ];
        for (lines, wanted, left) in all {
            let got = taken(lines);
            assert_eq!(got.0, wanted, "{lines:?}");
            assert_eq!(got.1, left, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_forged(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(bindings(SECRET, "api", &[1]).read(&value), Binding::Forged);
        }
    }
}
