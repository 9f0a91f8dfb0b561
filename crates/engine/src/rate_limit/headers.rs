//! What a caller is told about its allowance.

use std::time::Duration;

use http::HeaderValue;

use super::{Limiter, Verdict};

/// The header values of one named limit, prepared once.
#[derive(Clone, Debug)]
pub struct LimitHeaders {
    policy: HeaderValue,
    /// `"name";r=`
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

/// What a caller is told about several limits: both fields are lists, with an item for each of them.
#[derive(Debug, Default)]
pub struct LimitList {
    policies: Line,
    limits: Line,
}

/// A value that grows; an allocation is needed only for a long one.
#[derive(Debug)]
struct Line {
    room: [u8; ROOM],
    /// So many bytes are in it, or in `long` when there are more than room for.
    used: usize,
    /// All of them, when they do not fit.
    long: Vec<u8>,
}

/// Two limits with usual names fit in.
const ROOM: usize = 128;
/// The digits of the greatest number.
const NUMBER: usize = 20;

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
            prefix: format!("\"{name}\";r=").into_bytes().into(),
            quota: HeaderValue::from(limit.quota()),
        }
    }

    /// The value of `RateLimit-Policy`, such as `"per_client";q=200;w=2`.
    pub fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// The value of `RateLimit`, such as `"per_client";r=42;t=12`.
    pub fn limit(&self, verdict: Verdict) -> HeaderValue {
        let mut line = Line::default();
        self.write(verdict, &mut line);
        line.value()
    }

    /// Adds this limit to those that a caller is told about.
    pub fn list(&self, verdict: Verdict, list: &mut LimitList) {
        for line in [&mut list.policies, &mut list.limits] {
            if !line.is_empty() {
                line.push(b", ");
            }
        }
        list.policies.push(self.policy.as_bytes());
        self.write(verdict, &mut list.limits);
    }

    fn write(&self, verdict: Verdict, line: &mut Line) {
        let (remaining, time) = left(verdict);
        line.push(&self.prefix);
        line.push_number(u64::from(remaining));
        line.push(b";t=");
        line.push_number(whole_seconds(time));
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

// === impl LimitList ===

impl LimitList {
    /// The values of `RateLimit-Policy` and `RateLimit`; `None` when no limit is in them.
    pub fn values(&self) -> Option<[HeaderValue; 2]> {
        (!self.policies.is_empty()).then(|| [self.policies.value(), self.limits.value()])
    }
}

// === impl Line ===

impl Default for Line {
    fn default() -> Self {
        Self {
            room: [0; ROOM],
            used: 0,
            long: Vec::new(),
        }
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        self.used == 0
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

    fn push_number(&mut self, number: u64) {
        let mut digits = [0; NUMBER];
        let mut first = NUMBER;
        let mut left = number;
        loop {
            first -= 1;
            digits[first] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }

    fn value(&self) -> HeaderValue {
        let text = match self.long.is_empty() {
            true => &self.room[..self.used],
            false => &self.long[..],
        };
        // Only checked names, digits and separators were written, so this cannot fail.
        HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use policy::{LimitPolicy, Rate};

    use super::*;

    fn listed(names: &[&str]) -> Option<[HeaderValue; 2]> {
        let mut list = LimitList::default();
        for name in names {
            let rate = Rate::new(5, Duration::from_secs(10)).unwrap();
            let limiter = Limiter::new(&LimitPolicy::new(name, rate));
            let verdict = Verdict::Allow {
                remaining: 4,
                reset: Duration::from_secs(2),
            };
            LimitHeaders::new(name, &limiter).list(verdict, &mut list);
        }
        list.values()
    }

    #[test]
    fn several_limits_are_one_list() {
        assert_eq!(listed(&[]), None);
        let [policies, limits] = listed(&["a", "b"]).unwrap();
        assert_eq!(policies, "\"a\";q=5;w=10, \"b\";q=5;w=10");
        assert_eq!(limits, "\"a\";r=4;t=2, \"b\";r=4;t=2");
    }

    #[test]
    fn a_list_may_be_longer_than_its_room() {
        let name = "n".repeat(ROOM - 20);
        for names in [[&*name, &*name], ["short", &*name], [&*name, "short"]] {
            let [policies, limits] = listed(&names).unwrap();
            let each = |text: &str| names.map(|name| format!("\"{name}\";{text}")).join(", ");
            assert_eq!(policies, each("q=5;w=10"));
            assert_eq!(limits, each("r=4;t=2"));
        }
    }
}
