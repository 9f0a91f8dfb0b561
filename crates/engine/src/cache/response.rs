//! What a response's head says that matters for caching, read once for every decision about it.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, Version, header};

use super::{
    age,
    date::HttpDate,
    directives::{CacheControl, Reach},
    freshness::{self, Lifetime},
    targeted::{Directives, Governing},
    vary::Vary,
};
use crate::time::Now;

/// How the end of a response's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// By the end of the connection, which is also what a broken one looks like (TRAPS row 22).
    CloseDelimited,
    /// By a length, by chunks, or by the protocol's frames.
    Delimited,
}

/// A response whose head has come.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its fields, as the origin sent them.
    pub headers: &'a HeaderMap,
    /// How its end is known.
    pub framing: Framing,
    /// When the request for it was sent.
    pub sent_at: Now,
    /// When its head was received.
    pub received_at: Now,
}

/// What was read from it.
#[derive(Clone, Debug)]
pub struct ResponseFacts<'a> {
    /// The head itself.
    pub head: ResponseHead<'a>,
    /// The directives that govern it: those of `Cache-Control`, or of a field that is targeted at
    /// us (RFC 9213).
    pub control: CacheControl,
    /// The field they are from.
    pub governing: Governing,
    /// The fields they withhold by name.
    pub withheld: Vec<HeaderName>,
    /// `Date`, or the time of receipt when there is none or a bad one.
    pub date: HttpDate,
    /// How old it was when it was received.
    pub initial_age: Duration,
    /// The lifetime the origin gave it.
    pub explicit: Option<Lifetime>,
    /// `Vary`.
    pub vary: Vary,
}

// === impl Framing ===

impl Framing {
    /// Tells from a response as it came, before any hop-by-hop field is taken out.
    pub fn of(version: Version, status: StatusCode, headers: &HeaderMap) -> Self {
        let framed = version >= Version::HTTP_2
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || headers.contains_key(header::CONTENT_LENGTH)
            || headers.contains_key(header::TRANSFER_ENCODING);
        if framed {
            Self::Delimited
        } else {
            Self::CloseDelimited
        }
    }
}

// === impl ResponseFacts ===

impl<'a> ResponseFacts<'a> {
    /// Reads what matters for caching.
    pub fn read(head: ResponseHead<'a>) -> Self {
        let Directives {
            control,
            governing,
            withheld,
        } = Directives::of(head.headers);
        let received = head.received_at.wall;
        let date = head
            .headers
            .get(header::DATE)
            .and_then(|value| HttpDate::parse(value.as_bytes(), received))
            .unwrap_or_else(|| HttpDate::of(received));
        Self {
            head,
            control,
            governing,
            withheld,
            date,
            initial_age: age::initial(head.headers, date, head.sent_at, head.received_at),
            explicit: freshness::explicit(&control, governing, head.headers, date, received),
            vary: Vary::of(head.headers),
        }
    }

    /// Its `Set-Cookie` is meant for one client and nothing says that the rest is not: neither
    /// `public`, nor a `private` or `no-cache` that withholds that field alone.
    pub(super) fn has_personal_cookie(&self) -> bool {
        self.head.headers.contains_key(header::SET_COOKIE)
            && !self.control.public
            && !self.withheld.contains(&header::SET_COOKIE)
    }

    /// The origin can be asked whether it still holds.
    pub(super) fn has_validator(&self) -> bool {
        let headers = self.head.headers;
        headers.contains_key(header::ETAG) || headers.contains_key(header::LAST_MODIFIED)
    }

    /// One of the directives that let a shared cache keep an answer to credentials
    /// (RFC 9111, section 3.5).
    pub(super) fn allows_credentials(&self) -> bool {
        self.control.public || self.control.s_maxage.is_some() || self.control.must_revalidate
    }

    /// `no-cache` for all of it.
    pub(super) fn is_no_cache(&self) -> bool {
        self.control.no_cache == Reach::Whole
    }
}
