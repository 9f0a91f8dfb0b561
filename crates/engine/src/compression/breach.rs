//! Whether a secret could be guessed from the length of a compressed response (BREACH, CVE-2013-3587).
//!
//! Who can make somebody's browser ask, and see how long the answers are, puts guesses into the request;
//! where the answer repeats them beside a secret, the right guess makes it shorter.
//!
//! # What counts
//! - **A secret**: the request came with `Cookie` or `Authorization`, or the response sets a cookie. Any
//!   of these makes the answer somebody's own.
//! - **A reflection**: a value of the query that is at least [`SHORTEST`] bytes long stands in the body,
//!   as it was sent or as it is meant (without `%` and `+`); or a shorter one does together with its name,
//!   into which a guess may be put as well. Of a body that is here as a whole up to
//!   [`LOOKED_AT`] bytes are looked at before anything goes out; the rest, and one that is still coming,
//!   while it passes ([`Reflections`]). What cannot be looked at is taken for a reflection: a form in the
//!   request, which has gone by, and more values than can be told apart.
//!
//! # What this does not see
//! A value that the origin repeats in another spelling (HTML or JSON escapes), out of a path, a field or
//! something stored earlier; a name that it repeats without its value; and a secret behind none of the three fields. Padding makes each guess cost
//! many more requests, and does not make guessing impossible: only a response without secrets, or
//! without compression, does.

pub mod reflections;

use http::{HeaderMap, Method, header};

pub use self::reflections::{Chosen, Passage, Reflections};
use crate::compression::media_type;

/// Shorter values are everywhere, and guess little, in bytes.
pub const SHORTEST: usize = 4;
/// How much of a body is looked at before it goes out, in bytes.
pub const LOOKED_AT: usize = 64 * 1024;

/// Whether a response may be compressed without more.
#[derive(Clone, Debug)]
pub enum Exposure {
    /// It may carry a secret, and repeats nothing as far as it can be seen: the rest must be watched.
    Ahead(Box<Reflections>),
    /// It carries no secret, or repeats nothing.
    Clear,
    /// It may carry a secret, and repeats something that the one who asked has chosen.
    Reflects,
    /// It may carry a secret, and nobody knows whether it repeats anything.
    Unseen,
}

/// What can be seen of a body.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// It begins so.
    Beginning(&'a [u8]),
    /// Nothing.
    Nothing,
    /// This is all of it.
    Whole(&'a [u8]),
}

/// A response and the request that it answers.
#[derive(Clone, Copy, Debug)]
pub struct Suspect<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's query, without the question mark.
    pub query: Option<&'a str>,
    /// The request's fields.
    pub request: &'a HeaderMap,
    /// The response's fields.
    pub response: &'a HeaderMap,
    /// Its body.
    pub body: Sight<'a>,
}

/// Looks at one response.
pub fn exposure(suspect: &Suspect<'_>) -> Exposure {
    if carries_secret(suspect.request, suspect.response) == Secrecy::Open {
        return Exposure::Clear;
    }
    if sends_form(suspect.method, suspect.request) {
        return Exposure::Unseen;
    }
    let values = match Chosen::by(suspect.query) {
        Chosen::Nothing => return Exposure::Clear,
        Chosen::TooMuch => return Exposure::Unseen,
        Chosen::Values(values) => values,
    };
    let (seen, is_whole) = match suspect.body {
        Sight::Beginning(seen) => (seen, false),
        Sight::Nothing => (&[][..], false),
        Sight::Whole(body) => (body, body.len() <= LOOKED_AT),
    };
    let seen = &seen[..seen.len().min(LOOKED_AT)];
    match values.find(seen) {
        Some(_) => Exposure::Reflects,
        None if is_whole => Exposure::Clear,
        None => Exposure::Ahead(values),
    }
}

/// Whether a response may hold what is only for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing shows that it does.
    Open,
    /// It may.
    Secret,
}

/// Looks for what shows that a response is somebody's own.
pub fn carries_secret(request: &HeaderMap, response: &HeaderMap) -> Secrecy {
    let is_own = request.contains_key(header::COOKIE)
        || request.contains_key(header::AUTHORIZATION)
        || response.contains_key(header::SET_COOKIE);
    match is_own {
        true => Secrecy::Secret,
        false => Secrecy::Open,
    }
}

/// Whether it has a body that any page can make a browser send.
fn sends_form(method: &Method, request: &HeaderMap) -> bool {
    let simple = [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ];
    !method.is_safe()
        && media_type::essence(request)
            .is_some_and(|kind| simple.iter().any(|it| kind.eq_ignore_ascii_case(it)))
}

// === impl Exposure ===

impl Exposure {
    /// The word for it in logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ahead(_) => "ahead",
            Self::Clear => "clear",
            Self::Reflects => "reflects",
            Self::Unseen => "unseen",
        }
    }
}

// === impl Secrecy ===

impl Secrecy {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Secret => "secret",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn looked(
        query: Option<&str>,
        request: &[(&'static str, &'static str)],
        response: &[(&'static str, &'static str)],
        body: Sight<'_>,
    ) -> &'static str {
        exposure(&Suspect {
            method: &Method::GET,
            query,
            request: &map(request),
            response: &map(response),
            body,
        })
        .as_str()
    }

    const COOKIE: &[(&str, &str)] = &[("cookie", "s=1")];
    const PAGE: Sight<'_> = Sight::Whole(b"token=s3cret, you asked for shoe laces & more");
    /// It repeats its own address, once as it came and once as it is meant.
    const LINKS: Sight<'_> = Sight::Whole(b"<a href='/?token%3Ds3cret=1'>x=1 or token=1</a>");
    const NOTHING: Sight<'_> = Sight::Nothing;

    #[test]
    fn a_secret_and_a_reflection_together() {
        let bearer = &[("authorization", "Bearer x")][..];
        let sets = &[("set-cookie", "s=1")][..];
        for (query, request, response, body, wanted) in [
            (Some("q=shoe"), COOKIE, &[][..], PAGE, "reflects"),
            (Some("q=shoe"), bearer, &[], PAGE, "reflects"),
            (Some("q=shoe"), &[], sets, PAGE, "reflects"),
            (Some("q=shoe"), &[], &[], PAGE, "clear"),
            (Some("a=1&q=shoe+laces"), COOKIE, &[], PAGE, "reflects"),
            (Some("q=shoe%20laces"), COOKIE, &[], PAGE, "reflects"),
            (Some("q=laces+%26+more"), COOKIE, &[], PAGE, "reflects"),
            (Some("shoe"), COOKIE, &[], PAGE, "reflects"),
            (Some("q=boot"), COOKIE, &[], PAGE, "clear"),
            (Some("q=you"), COOKIE, &[], PAGE, "clear"),
            // Three bytes as they are meant.
            (Some("q=yo%75"), COOKIE, &[], PAGE, "clear"),
            // The guess is in the name.
            (Some("token%3Ds3cret=1"), COOKIE, &[], LINKS, "reflects"),
            (Some("a=1&toke%6e=%31"), COOKIE, &[], LINKS, "reflects"),
            (Some("token="), COOKIE, &[], LINKS, "reflects"),
            (Some("token%3Ds3cret=2"), COOKIE, &[], LINKS, "clear"),
            (Some("token%3Ds3cret=1"), COOKIE, &[], PAGE, "clear"),
            (Some("token%3Ds3cret=1"), &[], &[], LINKS, "clear"),
            (Some("x=1"), COOKIE, &[], LINKS, "clear"),
            (Some(""), COOKIE, &[], PAGE, "clear"),
            (None, COOKIE, &[], PAGE, "clear"),
            (None, COOKIE, &[], NOTHING, "clear"),
            (Some("q=boot"), COOKIE, &[], NOTHING, "ahead"),
            (Some("q=boot"), &[], &[], NOTHING, "clear"),
            (Some("q=boot"), COOKIE, &[], Sight::Beginning(b"a"), "ahead"),
            (
                Some("q=boot"),
                COOKIE,
                &[],
                Sight::Beginning(b"boots"),
                "reflects",
            ),
        ] {
            assert_eq!(looked(query, request, response, body), wanted, "{query:?}");
        }
    }

    #[test]
    fn what_is_further_back_is_looked_at_while_it_passes() {
        let mut body = vec![b'.'; LOOKED_AT - 4];
        body.extend(b"shoe");
        let looked = |body: &[u8]| looked(Some("q=shoe"), COOKIE, &[], Sight::Whole(body));
        assert_eq!(looked(&body), "reflects");
        body.insert(0, b'.');
        assert_eq!(looked(&body), "ahead");
        assert_eq!(looked(&body[..LOOKED_AT]), "clear");
    }

    #[test]
    fn a_form_has_gone_by_and_so_many_values_are_not_told_apart() {
        let form = map(&[
            ("cookie", "s=1"),
            ("content-type", "application/x-www-form-urlencoded"),
        ]);
        let (method, response) = (Method::POST, HeaderMap::new());
        let suspect = Suspect {
            method: &method,
            query: None,
            request: &form,
            response: &response,
            body: PAGE,
        };
        assert_eq!(exposure(&suspect).as_str(), "unseen");
        let json = map(&[("cookie", "s=1"), ("content-type", "application/json")]);
        let suspect = Suspect {
            request: &json,
            ..suspect
        };
        assert_eq!(exposure(&suspect).as_str(), "clear");
        let query = "q=boots&".repeat(40);
        assert_eq!(looked(Some(&query), COOKIE, &[], PAGE), "unseen");
        let query = |pairs| "boots=1&".repeat(pairs);
        assert_eq!(looked(Some(&query(33)), COOKIE, &[], PAGE), "unseen");
        assert_eq!(looked(Some(&query(32)), COOKIE, &[], PAGE), "clear");
        assert_eq!(looked(Some(&"a=1&".repeat(99)), COOKIE, &[], PAGE), "clear");
    }
}
