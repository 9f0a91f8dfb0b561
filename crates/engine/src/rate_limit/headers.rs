//! What a caller is told about its allowance.

use std::time::Duration;

use http::HeaderValue;

use super::{Limiter, Verdict};

/// The header values of one named limit, prepared once.
#[derive(Clone, Debug)]
pub struct LimitHeaders {
    policy: HeaderValue,
    /// `, "name";r=`
    prefix: Box<[u8]>,
    quota: HeaderValue,
}

/// The values of the older fields, which every API spells alike and none has specified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyFields {
    /// `X-RateLimit-Limit`: the quota.
    pub limit: HeaderValue,
    /// `X-RateLimit-Remaining`: what is left of it.
    pub remaining: HeaderValue,
    /// `X-RateLimit-Reset`: seconds until it is there again, or until the next attempt makes sense.
    pub reset: HeaderValue,
}

/// What a caller is told about several limits: the value of `RateLimit`, a list with an item for each.
#[derive(Debug)]
pub struct LimitList {
    room: [u8; ROOM],
    /// So many bytes are in it, or in `long` when there are more than room for.
    used: usize,
    /// All of them, when they do not fit.
    long: Vec<u8>,
}

/// What `RateLimit` says of one limit after its name, written from the back to the front.
struct Figures {
    room: [u8; FIGURES],
    first: usize,
}

/// What stands between two items of a list.
const BETWEEN: &str = ", ";
/// Two limits with usual names fit in, and nothing has to be allocated.
const ROOM: usize = 128;
/// Ten digits, `;t=` and twenty digits.
const FIGURES: usize = 33;

// === impl LimitHeaders ===

impl LimitHeaders {
    /// Prepares the headers of a limit. Characters of its name that a structured field cannot carry
    /// (RFC 9651 3.3.3) are written as `_`.
    pub fn new(name: &str, limit: &Limiter) -> Self {
        let name: String = name
            .chars()
            .map(|c| match c {
                '"' | '\\' => '_',
                ' '..='~' => c,
                _ => '_',
            })
            .collect();
        let window = whole_seconds(limit.window());
        let policy = format!("\"{name}\";q={};w={window}", limit.quota());
        Self {
            // The name was cut to visible ASCII, so this cannot fail.
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("")),
            prefix: format!("{BETWEEN}\"{name}\";r=").into_bytes().into(),
            quota: HeaderValue::from(limit.quota()),
        }
    }

    /// The value of `RateLimit-Policy`, such as `"per_client";q=200;w=2`.
    pub fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// The value of `RateLimit-Policy` for several limits: a list with an item for each.
    pub fn policies<'a>(limits: impl IntoIterator<Item = &'a Self>) -> HeaderValue {
        let limits = limits.into_iter();
        let items: Vec<_> = limits.map(|limit| limit.policy.as_bytes()).collect();
        value(&items.join(BETWEEN.as_bytes()))
    }

    /// The value of `RateLimit`, such as `"per_client";r=42;t=12`.
    pub fn limit(&self, verdict: Verdict) -> HeaderValue {
        let mut list = LimitList::default();
        self.list(verdict, &mut list);
        list.value()
    }

    /// Adds this limit to those that a caller is told about.
    pub fn list(&self, verdict: Verdict, list: &mut LimitList) {
        let skipped = match list.is_empty() {
            true => BETWEEN.len(),
            false => 0,
        };
        list.push(&self.prefix[skipped..]);
        let (remaining, time) = left(verdict);
        let mut figures = Figures::new();
        figures.number(whole_seconds(time));
        figures.text(*b";t=");
        figures.number(u64::from(remaining));
        list.push(figures.as_bytes());
    }

    /// The values of the older fields.
    pub fn legacy(&self, verdict: Verdict) -> LegacyFields {
        let (remaining, time) = left(verdict);
        LegacyFields {
            limit: self.quota.clone(),
            remaining: HeaderValue::from(remaining),
            reset: HeaderValue::from(whole_seconds(time)),
        }
    }
}

/// What is left of the quota, and until when that is so.
fn left(verdict: Verdict) -> (u32, Duration) {
    match verdict {
        Verdict::Allow { remaining, reset } => (remaining, reset),
        Verdict::Deny { retry_after, .. } => (0, retry_after),
        // It is told when the turn has come.
        Verdict::Wait { reset, .. } => (0, reset),
    }
}

/// The value of `Retry-After`: whole seconds, rounded up, at least one (RFC 9110 10.2.3).
pub fn retry_after(wait: Duration) -> HeaderValue {
    HeaderValue::from(whole_seconds(wait).max(1))
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// Only checked names, digits and separators were written, so this cannot fail.
fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static(""))
}

// === impl LimitList ===

impl Default for LimitList {
    fn default() -> Self {
        Self {
            room: [0; ROOM],
            used: 0,
            long: Vec::new(),
        }
    }
}

impl LimitList {
    /// Whether no limit is in it.
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The value of `RateLimit`.
    pub fn value(&self) -> HeaderValue {
        value(match self.long.is_empty() {
            true => &self.room[..self.used],
            false => &self.long[..],
        })
    }

    fn push(&mut self, text: &[u8]) {
        let end = self.used + text.len();
        if let Some(free) = self.room.get_mut(self.used..end) {
            free.copy_from_slice(text);
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.room[..self.used]);
            }
            self.long.extend_from_slice(text);
        }
        self.used = end;
    }
}

// === impl Figures ===

impl Figures {
    const fn new() -> Self {
        Self {
            room: [0; FIGURES],
            first: FIGURES,
        }
    }

    fn number(&mut self, mut left: u64) {
        loop {
            self.text([b'0' + (left % 10) as u8]);
            left /= 10;
            if left == 0 {
                break;
            }
        }
    }

    fn text<const LENGTH: usize>(&mut self, text: [u8; LENGTH]) {
        self.first -= LENGTH;
        self.room[self.first..self.first + LENGTH].copy_from_slice(&text);
    }

    fn as_bytes(&self) -> &[u8] {
        &self.room[self.first..]
    }
}

#[cfg(test)]
mod tests {
    use policy::{LimitPolicy, Rate};

    use super::*;

    fn listed(names: &[&str], remaining: u32, reset: Duration) -> [HeaderValue; 2] {
        let limits = names.iter().map(|name| {
            let rate = Rate::new(5, Duration::from_secs(10)).unwrap();
            LimitHeaders::new(name, &Limiter::new(&LimitPolicy::new(name, rate)))
        });
        let limits: Vec<_> = limits.collect();
        let mut list = LimitList::default();
        assert!(list.is_empty());
        for limit in &limits {
            limit.list(Verdict::Allow { remaining, reset }, &mut list);
        }
        [LimitHeaders::policies(&limits), list.value()]
    }

    #[test]
    fn several_limits_are_one_list() {
        let [policies, limits] = listed(&["a", "b"], 4, Duration::from_secs(2));
        assert_eq!(policies, "\"a\";q=5;w=10, \"b\";q=5;w=10");
        assert_eq!(limits, "\"a\";r=4;t=2, \"b\";r=4;t=2");
    }

    #[test]
    fn a_list_may_be_longer_than_its_room() {
        let name = "n".repeat(ROOM - 20);
        for names in [[&*name, &*name], ["short", &*name], [&*name, "short"]] {
            let [policies, limits] = listed(&names, 4, Duration::from_secs(2));
            let each = |text: &str| names.map(|name| format!("\"{name}\";{text}")).join(", ");
            assert_eq!(policies, each("q=5;w=10"));
            assert_eq!(limits, each("r=4;t=2"));
        }
    }
    #[test]
    fn the_greatest_figures_fit() {
        let [_, limits] = listed(&["a"], u32::MAX, Duration::MAX);
        assert_eq!(limits, "\"a\";r=4294967295;t=18446744073709551615");
        let [_, limits] = listed(&["a"], 0, Duration::ZERO);
        assert_eq!(limits, "\"a\";r=0;t=0");
    }
}
