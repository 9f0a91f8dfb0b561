//! How long a response is fresh (RFC 9111, section 4.2.1).
//!
//! The origin's word goes first, and of its words the one for shared caches: `s-maxage`, `max-age`,
//! `Expires` minus `Date`. Damaged information means stale, never fresh. Only an origin that says
//! nothing leaves room for the operator's TTL.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

use super::{date::HttpDate, directives::CacheControl, seconds::DeltaSeconds};

/// How long a response is fresh, counted from when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// How long, at most 2^31 seconds unless the operator says more.
    pub length: Duration,
    /// Who said so.
    pub source: LifetimeSource,
}

/// Where a lifetime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifetimeSource {
    /// `Expires` minus `Date`.
    Expires,
    /// `max-age`.
    MaxAge,
    /// `no-cache` and nothing else: kept only to be confirmed by the origin each time.
    NoCache,
    /// The operator's TTL; the origin said nothing.
    OperatorTtl,
    /// `s-maxage`.
    SharedMaxAge,
}

/// The lifetime that the origin gave, `None` when it said nothing about it.
///
/// `date` is the response's `Date`, or the time of receipt when it had none.
pub fn explicit(
    control: &CacheControl,
    headers: &HeaderMap,
    date: HttpDate,
    received_at: SystemTime,
) -> Option<Lifetime> {
    if let Some(seconds) = control.s_maxage {
        return Some(Lifetime::of(seconds, LifetimeSource::SharedMaxAge));
    }
    if let Some(seconds) = control.max_age {
        return Some(Lifetime::of(seconds, LifetimeSource::MaxAge));
    }
    let mut lines = headers.get_all(header::EXPIRES).iter();
    let first = lines.next()?;
    let length = if lines.all(|line| line == first) {
        HttpDate::parse(first.as_bytes(), received_at)
            .map_or(Duration::ZERO, |expires| expires.since(date))
    } else {
        // Repeated with different values: which one was meant is unknown.
        Duration::ZERO
    };
    let seconds = DeltaSeconds::new(length.as_secs());
    Some(Lifetime::of(seconds, LifetimeSource::Expires))
}

// === impl Lifetime ===

impl Lifetime {
    fn of(seconds: DeltaSeconds, source: LifetimeSource) -> Self {
        Self {
            length: seconds.as_duration(),
            source,
        }
    }
}

// === impl LifetimeSource ===

impl LifetimeSource {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expires => "expires",
            Self::MaxAge => "max-age",
            Self::NoCache => "no-cache",
            Self::OperatorTtl => "operator-ttl",
            Self::SharedMaxAge => "s-maxage",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::CACHE_CONTROL;

    use super::*;
    use crate::cache::testing::{at, date, headers};

    fn lifetime(lines: &[(&str, &str)]) -> Option<(u64, LifetimeSource)> {
        let headers = headers(lines);
        let control = CacheControl::parse(&headers, &CACHE_CONTROL);
        let date = HttpDate::of(at(0).wall);
        let found = explicit(&control, &headers, date, at(0).wall)?;
        Some((found.length.as_secs(), found.source))
    }

    #[test]
    fn the_shared_directive_goes_first() {
        use LifetimeSource::{Expires, MaxAge, SharedMaxAge};
        let soon = date(100);
        let soon = soon.as_str();
        let expires = ("expires", soon);
        for (lines, expected) in [
            (vec![], None),
            (vec![expires], Some((100, Expires))),
            (vec![expires, expires], Some((100, Expires))),
            (vec![expires, ("expires", "0")], Some((0, Expires))),
            (vec![("expires", "0")], Some((0, Expires))),
            (vec![("expires", "-1")], Some((0, Expires))),
            (
                vec![("expires", "Thu, 01 Jan 1970 00:00:00 GMT")],
                Some((0, Expires)),
            ),
            (
                vec![expires, ("cache-control", "max-age=5")],
                Some((5, MaxAge)),
            ),
            (
                vec![expires, ("cache-control", "max-age=x")],
                Some((0, MaxAge)),
            ),
            (
                vec![("cache-control", "max-age=5, max-age=3")],
                Some((3, MaxAge)),
            ),
            (
                vec![
                    ("cache-control", "max-age=5"),
                    ("cache-control", "S-MaxAge=\"9\""),
                ],
                Some((9, SharedMaxAge)),
            ),
            (
                vec![("cache-control", "max-age=5, s-maxage=0")],
                Some((0, SharedMaxAge)),
            ),
        ] {
            assert_eq!(lifetime(&lines), expected, "{lines:?}");
        }
    }
}
