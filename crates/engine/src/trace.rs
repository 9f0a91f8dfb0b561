//! The thread through several systems: `traceparent`, `tracestate` (W3C Trace Context) and
//! `X-Request-Id`.
//!
//! A valid trace is continued under a new parent; anything else begins a new one, and `tracestate`,
//! which only means something together with its trace, is dropped. A request id is kept if it can be
//! put into a log line as it is. Randomness comes in as an argument.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::percent::hex;

/// The name of the request id's field, in requests and responses.
pub static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// One position in one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace, never zero.
    pub trace_id: u128,
    /// Forebay's own position in it, never zero.
    pub parent_id: u64,
    /// The sampled (1) and random (2) flags.
    pub flags: u8,
    /// Where the trace came from.
    pub origin: TraceOrigin,
}

/// Who began a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceOrigin {
    /// The client, or someone before it.
    Continued,
    /// Forebay.
    New,
}

/// What a trace is begun or continued with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSeed {
    /// Random; used when a trace is begun.
    pub trace_id: u128,
    /// Random; always used.
    pub parent_id: u64,
    /// What a new trace says about being recorded.
    pub sampling: Sampling,
}

/// Whether a new trace asks those behind to record it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// They should not.
    NotSampled,
    /// They should.
    Sampled,
}

/// The id of a request in logs and towards both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestId {
    /// The one it came with.
    Given(HeaderValue),
    /// A new one, 32 hexadecimal digits.
    New([u8; 32]),
}

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;
const MAX_ID: usize = 128;

/// Continues the trace of a request, or begins one.
pub fn continue_trace(headers: &HeaderMap, seed: &TraceSeed) -> TraceContext {
    let mut lines = headers.get_all(&TRACEPARENT).iter();
    let given = match (lines.next(), lines.next()) {
        (Some(line), None) => parse(line.as_bytes()),
        _ => None,
    };
    let parent_id = seed.parent_id.max(1);
    match given {
        Some((trace_id, flags)) => TraceContext {
            trace_id,
            parent_id,
            flags: flags & (SAMPLED | RANDOM),
            origin: TraceOrigin::Continued,
        },
        None => TraceContext {
            trace_id: seed.trace_id.max(1),
            parent_id,
            flags: match seed.sampling {
                Sampling::NotSampled => RANDOM,
                Sampling::Sampled => RANDOM | SAMPLED,
            },
            origin: TraceOrigin::New,
        },
    }
}

/// The id of a request: its own if that is up to 128 letters, digits and `._-`, else a new one.
pub fn request_id(headers: &HeaderMap, random: u128) -> RequestId {
    let mut lines = headers.get_all(&X_REQUEST_ID).iter();
    match (lines.next(), lines.next()) {
        (Some(given), None) if is_sane(given.as_bytes()) => RequestId::Given(given.clone()),
        _ => {
            let mut digits = [0; 32];
            write_hex(&mut digits, random);
            RequestId::New(digits)
        }
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Trace id and flags of a `traceparent`, of version 00 or a later one that begins like it.
fn parse(line: &[u8]) -> Option<(u128, u8)> {
    let (head, more) = line.split_at_checked(55)?;
    let dashes = [2, 35, 52].iter().all(|at| head[*at] == b'-');
    let version = number(&head[..2])?;
    let trace_id = number(&head[3..35])?;
    let parent_id = number(&head[36..52])?;
    let flags = number(&head[53..])?;
    let length = match version {
        0 => more.is_empty(),
        0xff => false,
        _ => more.first().is_none_or(|next| *next == b'-'),
    };
    let whole = dashes && length && trace_id != 0 && parent_id != 0;
    whole.then_some((trace_id, u8::try_from(flags).ok()?))
}

/// Lower-case hexadecimal digits only, as the specification wants them.
fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |sum: u128, digit| {
        let value = hex(*digit).filter(|_| !digit.is_ascii_uppercase())?;
        Some(sum << 4 | u128::from(value))
    })
}

/// Writes the last digits of a number, as many as there is room for.
fn write_hex(room: &mut [u8], number: u128) {
    let mut left = number;
    for place in room.iter_mut().rev() {
        *place = b"0123456789abcdef"[usize::from((left & 0xf) as u8)];
        left >>= 4;
    }
}

// === impl TraceContext ===

impl TraceContext {
    /// Writes the context into a request for the upstream.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let mut line = *b"00-................................-................-..";
        write_hex(&mut line[3..35], self.trace_id);
        write_hex(&mut line[36..52], u128::from(self.parent_id));
        write_hex(&mut line[53..], u128::from(self.flags));
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            headers.insert(TRACEPARENT.clone(), value);
        }
        if self.origin == TraceOrigin::New {
            headers.remove(&TRACESTATE);
        }
    }
}

// === impl TraceOrigin ===

impl TraceOrigin {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continued => "continued",
            Self::New => "new",
        }
    }
}

// === impl RequestId ===

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        let bytes = match self {
            Self::Given(value) => value.as_bytes(),
            Self::New(digits) => digits,
        };
        // Both were checked or made to be ASCII.
        str::from_utf8(bytes).unwrap_or_default()
    }

    /// Writes the id into a request or a response.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let value = match self {
            Self::Given(value) => Ok(value.clone()),
            Self::New(digits) => HeaderValue::from_bytes(digits),
        };
        if let Ok(value) = value {
            headers.insert(X_REQUEST_ID.clone(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEED: TraceSeed = TraceSeed {
        trace_id: 0xabc,
        parent_id: 0xdef,
        sampling: Sampling::NotSampled,
    };
    const NEW: &str = "00-00000000000000000000000000000abc-0000000000000def-02";

    fn after(lines: &[&str]) -> (String, Option<String>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("traceparent", line.parse().unwrap());
        }
        headers.insert("tracestate", "a=1".parse().unwrap());
        continue_trace(&headers, &SEED).apply(&mut headers);
        let text = |name| {
            let mut all = headers.get_all(name).iter();
            let first = all
                .next()
                .map(|v: &HeaderValue| v.to_str().unwrap().to_owned());
            assert!(all.next().is_none());
            first
        };
        (text("traceparent").unwrap(), text("tracestate"))
    }

    #[test]
    fn continued() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (line, flags) in [
            (format!("00-{id}-00f067aa0ba902b7-01"), "01"),
            (format!("00-{id}-00f067aa0ba902b7-00"), "00"),
            (format!("00-{id}-00f067aa0ba902b7-ff"), "03"),
            (format!("cc-{id}-00f067aa0ba902b7-01"), "01"),
            (format!("cc-{id}-00f067aa0ba902b7-01-what"), "01"),
        ] {
            let (parent, state) = after(&[&line]);
            assert_eq!(
                parent,
                format!("00-{id}-0000000000000def-{flags}"),
                "{line}"
            );
            assert_eq!(state.as_deref(), Some("a=1"));
        }
    }

    #[test]
    fn begun_anew() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{id}-00f067aa0ba902b7-01");
        for line in [
            String::new(),
            good.to_uppercase(),
            good[..54].to_owned(),
            format!("{good}-x"),
            format!("{good}0"),
            good.replace("00-", "ff-"),
            good.replace(id, &"0".repeat(32)),
            good.replace("00f067aa0ba902b7", &"0".repeat(16)),
            good.replace('-', "_"),
            good.replace('f', "g"),
        ] {
            assert_eq!(after(&[&line]), (NEW.to_owned(), None), "{line}");
        }
        assert_eq!(after(&[]), (NEW.to_owned(), None));
        assert_eq!(after(&[&good, &good]), (NEW.to_owned(), None));
    }

    #[test]
    fn zero_is_no_id() {
        let seed = TraceSeed {
            trace_id: 0,
            parent_id: 0,
            sampling: Sampling::Sampled,
        };
        let context = continue_trace(&HeaderMap::new(), &seed);
        assert_eq!(
            (context.trace_id, context.parent_id, context.flags),
            (1, 1, 3)
        );
    }

    #[test]
    fn request_ids() {
        let new = "0000000000000000000000000000002a";
        let long = "x".repeat(129);
        for (lines, wanted) in [
            (&["abc-123._X"][..], "abc-123._X"),
            (&[&long[1..]], &long[1..]),
            (&[&long], new),
            (&[""], new),
            (&["a b"], new),
            (&["a\"b"], new),
            (&["a", "a"], new),
            (&[], new),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-request-id", line.parse().unwrap());
            }
            let id = request_id(&headers, 42);
            assert_eq!(id.as_str(), wanted);
            id.apply(&mut headers);
            assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
            assert_eq!(headers["x-request-id"], wanted);
        }
    }

    proptest! {
        /// What one Forebay sends, the next one continues.
        #[test]
        fn round_trip(trace_id in 1_u128.., parent_id in 1_u64.., next in 1_u64..) {
            let mut headers = HeaderMap::new();
            let seed = TraceSeed { trace_id, parent_id, sampling: Sampling::Sampled };
            continue_trace(&headers, &seed).apply(&mut headers);
            let second = continue_trace(&headers, &TraceSeed { parent_id: next, ..SEED });
            prop_assert_eq!(second.trace_id, trace_id);
            prop_assert_eq!(second.parent_id, next);
            prop_assert_eq!(second.origin, TraceOrigin::Continued);
        }

        #[test]
        fn any_line(line in "[ -~]{0,70}") {
            let _ = parse(line.as_bytes());
        }
    }
}
