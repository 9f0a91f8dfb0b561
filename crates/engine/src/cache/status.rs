//! `Cache-Status`: what the cache did, told in the response (RFC 9211).
//!
//! Written into a fixed array: a hit must not pay for formatting. What earlier caches said stays in
//! front; the caller appends this as one more line.

use http::{HeaderValue, StatusCode};

use super::{reuse::RevalidateReason, seconds::DeltaSeconds};
use crate::outcome::{
    BypassReason, CacheOutcome, JoinOutcome, MissReason, StaleReason, StoreOutcome,
};

/// What there is to tell about one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatus {
    /// What the cache did.
    pub outcome: CacheOutcome,
    /// How much longer the response is fresh.
    pub ttl: Option<DeltaSeconds>,
    /// For how long it has been stale, told as a negative `ttl`.
    pub over: Option<DeltaSeconds>,
    /// Why the origin was asked about a stored response.
    pub revalidated: Option<RevalidateReason>,
    /// The origin's status, when it was asked.
    pub forward_status: Option<StatusCode>,
    /// Whether its response was stored.
    pub store: Option<StoreOutcome>,
    /// Whether the request shared a fetch.
    pub join: JoinOutcome,
}

/// The value for a request that only wanted a stored response, and there was none.
pub const NOT_CACHED: HeaderValue = HeaderValue::from_static("Forebay; detail=only-if-cached");

/// The most bytes of a key that are told.
const KEY_ROOM: usize = 512;
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Room for the longest value: every part at its longest is below 120 bytes.
struct Line {
    bytes: [u8; 160],
    length: usize,
}

// === impl CacheStatus ===

impl CacheStatus {
    /// The value of the field.
    pub fn header_value(&self) -> HeaderValue {
        let mut line = Line {
            bytes: [0; 160],
            length: 0,
        };
        line.put("Forebay");
        let mut detail = None;
        match self.outcome {
            CacheOutcome::Hit => line.put("; hit"),
            CacheOutcome::Off => {
                line.put("; fwd=bypass");
                detail = Some("off");
            }
            CacheOutcome::Bypass(reason) => {
                line.put(forward_word(reason));
                detail = Some(reason.as_str());
            }
            CacheOutcome::Miss(MissReason::Partial) => line.put("; fwd=partial"),
            CacheOutcome::Miss(MissReason::Uri) => line.put("; fwd=uri-miss"),
            CacheOutcome::Miss(MissReason::Vary) => line.put("; fwd=vary-miss"),
            CacheOutcome::ServedStale(StaleReason::IfError) => {
                line.put(self.forward_reason());
                detail = Some(StaleReason::IfError.as_str());
            }
            CacheOutcome::ServedStale(reason) => {
                line.put("; hit");
                detail = Some(reason.as_str());
            }
            CacheOutcome::Revalidated | CacheOutcome::Stale => line.put(self.forward_reason()),
        }
        if let Some(status) = self.forward_status {
            line.put("; fwd-status=");
            line.put(status.as_str());
        }
        if let Some(ttl) = self.ttl {
            line.put("; ttl=");
            line.put_number(ttl.get());
        } else if let Some(over) = self.over {
            line.put(if over == DeltaSeconds::ZERO {
                "; ttl="
            } else {
                "; ttl=-"
            });
            line.put_number(over.get());
        }
        match self.store {
            Some(StoreOutcome::Stored) => line.put("; stored"),
            Some(StoreOutcome::Skipped(reason)) => detail = detail.or(Some(reason.as_str())),
            None => {}
        }
        if self.join == JoinOutcome::Follow {
            line.put("; collapsed");
        }
        if let Some(detail) = detail {
            line.put("; detail=");
            line.put(detail);
        }
        line.finish()
    }

    /// The same with the cache key, for a client that may know it: printable ASCII as it is, the rest
    /// percent-encoded, at most [`KEY_ROOM`] bytes of it (RFC 9211, section 2.7).
    pub fn header_value_with_key(&self, key: &[u8]) -> HeaderValue {
        let plain = self.header_value();
        let mut text = plain.as_bytes().to_vec();
        text.extend_from_slice(b"; key=\"");
        let end = text.len() + KEY_ROOM;
        for byte in key {
            let mut written = [b'%', 0, 0];
            let written: &[u8] = match byte {
                b'"' | b'\\' => {
                    written = [b'\\', *byte, 0];
                    &written[..2]
                }
                0x20..=0x7e => {
                    written[0] = *byte;
                    &written[..1]
                }
                _ => {
                    written[1] = HEX[usize::from(byte >> 4)];
                    written[2] = HEX[usize::from(byte & 15)];
                    &written
                }
            };
            if text.len() + written.len() > end {
                break;
            }
            text.extend_from_slice(written);
        }
        text.push(b'"');
        HeaderValue::from_bytes(&text).unwrap_or(plain)
    }

    /// Why a request went forward although something was stored for it.
    const fn forward_reason(&self) -> &'static str {
        match self.revalidated {
            Some(RevalidateReason::Demand) => "; fwd=request",
            _ => "; fwd=stale",
        }
    }
}

/// RFC 9211, section 2.2: `method` and `request` have words of their own.
const fn forward_word(reason: BypassReason) -> &'static str {
    match reason {
        BypassReason::Method => "; fwd=method",
        BypassReason::RequestNoStore => "; fwd=request",
        _ => "; fwd=bypass",
    }
}

// === impl Line ===

impl Line {
    /// Appends `text`; what does not fit is left out whole.
    fn put(&mut self, text: &str) {
        let end = self.length + text.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(text.as_bytes());
            self.length = end;
        }
    }

    fn put_number(&mut self, mut number: u32) {
        let mut digits = [b'0'; 10];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.put(str::from_utf8(&digits[start..]).unwrap_or_default());
    }

    fn finish(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length])
            .unwrap_or_else(|_| HeaderValue::from_static("Forebay"))
    }
}

#[cfg(test)]
mod tests;
