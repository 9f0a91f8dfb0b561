//! How long a response is fresh, and of use after that (RFC 9111, section 4.2; RFC 5861).
//!
//! The origin's word goes first, and of its words the one for shared caches: `s-maxage`, `max-age`,
//! `Expires` minus `Date`. Damaged information means stale, never fresh. Only an origin that says
//! nothing leaves room for the operator's times, and only if nobody says anything is a lifetime
//! guessed from `Last-Modified`.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};
use policy::{Heuristic, Times};

use super::{
    date::HttpDate,
    directives::{CacheControl, Reach},
    seconds::DeltaSeconds,
    targeted::Governing,
};

/// How long a response is fresh, counted from when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// How long, at most 2^31 seconds unless the operator says more.
    pub length: Duration,
    /// Who said so.
    pub source: LifetimeSource,
}

/// For how long a response may be used when it is no longer fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grace {
    /// In place of an answer of an origin that fails (RFC 5861, section 4).
    pub if_error: Duration,
    /// While it is being renewed (RFC 5861, section 3).
    pub while_revalidate: Duration,
}

/// For how long a response is kept and to what use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long it is fresh.
    pub lifetime: Lifetime,
    /// How it may be used after that.
    pub grace: Grace,
}

/// Where a lifetime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifetimeSource {
    /// `Expires` minus `Date`.
    Expires,
    /// A share of the time since `Last-Modified`; nobody said anything.
    Heuristic,
    /// `max-age`.
    MaxAge,
    /// The operator's time for this error; the origin said nothing.
    Negative,
    /// `no-cache` and nothing else: kept only to be confirmed by the origin each time.
    NoCache,
    /// The operator's TTL; the origin said nothing.
    OperatorTtl,
    /// `s-maxage`.
    SharedMaxAge,
}

/// The lifetime that the origin gave, `None` when it said nothing about it.
///
/// `date` is the response's `Date`, or the time of receipt when it had none. `Expires` belongs to
/// `Cache-Control` and is not read when another field governs (RFC 9213, section 2.2).
pub fn explicit(
    control: &CacheControl,
    governing: Governing,
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
    if governing != Governing::CacheControl {
        return None;
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

/// The lifetime guessed from `Last-Modified` (RFC 9111, section 4.2.2): a share of the time that had
/// passed since then when the response was made, at most the operator's bound.
///
/// `None` if that is no time at all, or the date is missing, unreadable or not in the past.
pub fn heuristic(
    rule: &Heuristic,
    headers: &HeaderMap,
    date: HttpDate,
    received_at: SystemTime,
) -> Option<Lifetime> {
    let value = headers.get(header::LAST_MODIFIED)?;
    let unchanged = date.since(HttpDate::parse(value.as_bytes(), received_at)?);
    let share = unchanged.as_secs() / 100 * u64::from(rule.share.hundredths())
        + unchanged.as_secs() % 100 * u64::from(rule.share.hundredths()) / 100;
    let length = Duration::from_secs(share)
        .min(rule.max)
        .min(DeltaSeconds::MAX.as_duration());
    (!length.is_zero()).then_some(Lifetime {
        length,
        source: LifetimeSource::Heuristic,
    })
}

// === impl Grace ===

impl Grace {
    /// No use once stale.
    pub const NONE: Self = Self {
        if_error: Duration::ZERO,
        while_revalidate: Duration::ZERO,
    };

    /// The origin's times where it gave some, else the operator's; none at all when the origin
    /// forbids stale use (RFC 9111, section 4.2.4).
    pub fn of(control: &CacheControl, operator: &Times) -> Self {
        if forbids_stale_use(control) {
            return Self::NONE;
        }
        let chosen = |origin: Option<DeltaSeconds>, operator: Option<Duration>| {
            let origin = origin.map(DeltaSeconds::as_duration);
            origin.or(operator).unwrap_or_default()
        };
        Self {
            if_error: chosen(control.stale_if_error, operator.stale_if_error),
            while_revalidate: chosen(
                control.stale_while_revalidate,
                operator.stale_while_revalidate,
            ),
        }
    }

    /// The longer of both.
    pub fn longest(&self) -> Duration {
        self.if_error.max(self.while_revalidate)
    }
}

/// `no-cache`, or what demands that a stale response be confirmed: `must-revalidate`, and for shared
/// caches `proxy-revalidate` and `s-maxage` (RFC 9111, sections 5.2.2.2, 5.2.2.8 and 5.2.2.10).
fn forbids_stale_use(control: &CacheControl) -> bool {
    control.no_cache == Reach::Whole
        || control.must_revalidate
        || control.proxy_revalidate
        || control.s_maxage.is_some()
}

// === impl Terms ===

impl Terms {
    /// For what is given to those who are waiting and then forgotten, or asked about each time.
    pub const NONE: Self = Self {
        lifetime: Lifetime {
            length: Duration::ZERO,
            source: LifetimeSource::NoCache,
        },
        grace: Grace::NONE,
    };
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
            Self::Heuristic => "heuristic",
            Self::MaxAge => "max-age",
            Self::Negative => "negative",
            Self::NoCache => "no-cache",
            Self::OperatorTtl => "operator-ttl",
            Self::SharedMaxAge => "s-maxage",
        }
    }
}

#[cfg(test)]
mod tests;
