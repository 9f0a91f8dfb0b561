//! Whether a secret could be guessed from the length of a compressed response (BREACH, CVE-2013-3587).
//!
//! Who can make somebody's browser ask, and see how long the answers are, puts guesses into the request;
//! where the answer repeats them beside a secret, the right guess makes it shorter.
//!
//! # What counts
//! - **A secret**: the request came with `Cookie` or `Authorization`, or the response sets a cookie. Any
//!   of these makes the answer somebody's own.
//! - **A reflection**: a value of the query that is at least [`SHORTEST`] bytes long stands in the first
//!   [`LOOKED_AT`] bytes of the body, as it was sent or as it is meant (without `%` and `+`). What
//!   cannot be looked at is taken for a reflection: a body of which nothing is here yet, and a form in
//!   the request, which has gone by.
//!
//! # What this does not see
//! A value that the origin repeats in another spelling (HTML or JSON escapes), further back than is
//! looked at, out of a path, a field or something stored earlier; and a secret behind none of the three
//! fields. Padding makes each guess cost many more requests, and does not make guessing impossible:
//! only a response without secrets, or without compression, does.

use http::{HeaderMap, Method, header};

use crate::{compression::media_type, percent};

/// Shorter values are everywhere, and guess little, in bytes.
pub const SHORTEST: usize = 4;
/// How much of a body is looked at, in bytes.
pub const LOOKED_AT: usize = 64 * 1024;
/// More values than this are not told apart: such a request is taken for one that is reflected.
const MOST_VALUES: usize = 32;

/// Whether a response may be compressed without more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It carries no secret, or repeats nothing.
    Clear,
    /// It may carry a secret, and repeats something that the one who asked has chosen.
    Reflects,
    /// It may carry a secret, and nobody knows whether it repeats anything.
    Unseen,
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
    /// The first bytes of the body, if any are here.
    pub beginning: Option<&'a [u8]>,
}

/// Looks at one response.
pub fn exposure(suspect: &Suspect<'_>) -> Exposure {
    if !carries_secret(suspect.request, suspect.response) {
        return Exposure::Clear;
    }
    if sends_form(suspect.method, suspect.request) {
        return Exposure::Unseen;
    }
    let mut values = chosen(suspect.query).peekable();
    if values.peek().is_none() {
        return Exposure::Clear;
    }
    let Some(beginning) = suspect.beginning else {
        return Exposure::Unseen;
    };
    let beginning = &beginning[..beginning.len().min(LOOKED_AT)];
    for (number, value) in values.enumerate() {
        if number >= MOST_VALUES {
            return Exposure::Unseen;
        }
        let meant = percent::decoded_form(value);
        if contains(beginning, value) || contains(beginning, &meant) {
            return Exposure::Reflects;
        }
    }
    Exposure::Clear
}

fn carries_secret(request: &HeaderMap, response: &HeaderMap) -> bool {
    request.contains_key(header::COOKIE)
        || request.contains_key(header::AUTHORIZATION)
        || response.contains_key(header::SET_COOKIE)
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

/// The values of a query that are long enough.
fn chosen(query: Option<&str>) -> impl Iterator<Item = &[u8]> {
    query
        .unwrap_or_default()
        .split(['&', ';'])
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value))
        .filter(|value| value.len() >= SHORTEST)
        .map(str::as_bytes)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else {
        return false;
    };
    if wanted.len() < SHORTEST {
        return false;
    }
    let mut text = text;
    while let Some(at) = text.iter().position(|byte| byte == first) {
        text = &text[at + 1..];
        if text.starts_with(rest) {
            return true;
        }
    }
    false
}

// === impl Exposure ===

impl Exposure {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Reflects => "reflects",
            Self::Unseen => "unseen",
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
        beginning: Option<&[u8]>,
    ) -> &'static str {
        exposure(&Suspect {
            method: &Method::GET,
            query,
            request: &map(request),
            response: &map(response),
            beginning,
        })
        .as_str()
    }

    const COOKIE: &[(&str, &str)] = &[("cookie", "s=1")];
    const PAGE: Option<&[u8]> = Some(b"token=s3cret, you asked for shoe laces & more");

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
            (Some(""), COOKIE, &[], PAGE, "clear"),
            (None, COOKIE, &[], PAGE, "clear"),
            (None, COOKIE, &[], None, "clear"),
            (Some("q=boot"), COOKIE, &[], None, "unseen"),
            (Some("q=boot"), &[], &[], None, "clear"),
        ] {
            assert_eq!(looked(query, request, response, body), wanted, "{query:?}");
        }
    }

    #[test]
    fn what_is_further_back_is_not_looked_at() {
        let mut body = vec![b'.'; LOOKED_AT - 4];
        body.extend(b"shoeshoe");
        assert_eq!(looked(Some("q=shoe"), COOKIE, &[], Some(&body)), "reflects");
        body.insert(0, b'.');
        assert_eq!(looked(Some("q=shoe"), COOKIE, &[], Some(&body)), "clear");
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
            beginning: PAGE,
        };
        assert_eq!(exposure(&suspect), Exposure::Unseen);
        let json = map(&[("cookie", "s=1"), ("content-type", "application/json")]);
        let suspect = Suspect {
            request: &json,
            ..suspect
        };
        assert_eq!(exposure(&suspect), Exposure::Clear);
        let query = "q=boots&".repeat(40);
        assert_eq!(looked(Some(&query), COOKIE, &[], PAGE), "unseen");
    }
}
