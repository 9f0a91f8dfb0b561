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

/// The room for one number and the text between two.
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
        let (remaining, time) = left(verdict);
        let mut room = [0; 128];
        let needed = self.prefix.len() + 2 * NUMBER + 3;
        let mut long = Vec::new();
        let room = if needed <= room.len() {
            &mut room[..]
        } else {
            long.resize(needed, 0);
            &mut long[..]
        };
        let mut used = 0;
        append(room, &mut used, &self.prefix);
        append_number(room, &mut used, u64::from(remaining));
        append(room, &mut used, b";t=");
        append_number(room, &mut used, whole_seconds(time));
        // Only the checked name, digits and `;t=` were written, so this cannot fail.
        HeaderValue::from_bytes(&room[..used]).unwrap_or(HeaderValue::from_static(""))
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
        Verdict::Deny { retry_after } => (0, retry_after),
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

fn append(room: &mut [u8], used: &mut usize, text: &[u8]) {
    room[*used..*used + text.len()].copy_from_slice(text);
    *used += text.len();
}

fn append_number(room: &mut [u8], used: &mut usize, number: u64) {
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
    append(room, used, &digits[first..]);
}
