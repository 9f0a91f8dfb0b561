//! The gRPC health checking protocol (`grpc.health.v1`), the little of it that a client needs.
//!
//! One request message with one string, one response message with one enum: that does not pay for a
//! protobuf implementation. A message travels as one byte for its compression, four for its length,
//! and its fields (gRPC over HTTP/2, "Length-Prefixed-Message"; protobuf encoding, "Message
//! structure").

use super::check::CheckOutcome;

/// The path of the method.
pub const PATH: &str = "/grpc.health.v1.Health/Check";

/// No answer is longer: one field, and whatever a later version may add.
pub const MESSAGE_LIMIT: usize = 1024;

/// `HealthCheckRequest.service` as a string, and `HealthCheckResponse.status` as an enum: both are
/// field 1.
const SERVICE: u8 = 1 << 3 | LENGTH_DELIMITED;
const STATUS: u64 = 1 << 3;
const LENGTH_DELIMITED: u8 = 2;
const SERVING: u64 = 1;
const PREFIX: usize = 5;

/// The framed request that asks for `service`; the empty name is the server as a whole.
pub fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(service.len() + 8);
    if !service.is_empty() {
        message.push(SERVICE);
        put_varint(&mut message, service.len() as u64);
        message.extend_from_slice(service.as_bytes());
    }
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(0);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(&message);
    framed
}

/// What an answer says: its HTTP status, `grpc-status` (from the trailers, or from the head of an
/// answer that is nothing but trailers) and its body.
///
/// `grpc-status` other than 0 is an answer too: 5 means that the service is not known there, 12
/// that nobody speaks this protocol. Either way the operator asked for something that does not serve.
pub fn judge(http_status: u16, grpc_status: Option<&[u8]>, body: &[u8]) -> CheckOutcome {
    if http_status != 200 {
        return CheckOutcome::StatusMismatch;
    }
    match grpc_status {
        Some(b"0") => {}
        Some(_) => return CheckOutcome::NotServing,
        None => return CheckOutcome::Garbage,
    }
    match status(body) {
        Some(SERVING) => CheckOutcome::Passed,
        Some(_) => CheckOutcome::NotServing,
        None => CheckOutcome::Garbage,
    }
}

/// The `status` of a framed response; an absent field is 0, `UNKNOWN`. The last one counts.
fn status(framed: &[u8]) -> Option<u64> {
    let (prefix, message) = framed.split_at_checked(PREFIX)?;
    let length = u32::from_be_bytes(*prefix.last_chunk()?);
    if prefix[0] != 0 || usize::try_from(length).ok()? != message.len() {
        return None;
    }
    let mut rest = message;
    let mut status = 0;
    while !rest.is_empty() {
        let key = take_varint(&mut rest)?;
        match key & 7 {
            0 => {
                let value = take_varint(&mut rest)?;
                if key == STATUS {
                    status = value;
                }
            }
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    to.push(value.to_le_bytes()[0]);
}

fn take_varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    #[test]
    fn a_request_names_the_service() {
        assert_eq!(request(""), [0, 0, 0, 0, 0]);
        assert_eq!(request("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = request(&"s".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
        assert_eq!(long.len(), 5 + 303);
    }

    #[test]
    fn only_serving_is_well() {
        for (message, outcome) in [
            (&[0x08, 1][..], CheckOutcome::Passed),
            (&[0x08, 0], CheckOutcome::NotServing),
            (&[0x08, 2], CheckOutcome::NotServing),
            (&[0x08, 3], CheckOutcome::NotServing),
            (&[], CheckOutcome::NotServing),
            (&[0x12, 1, b'x', 0x08, 1], CheckOutcome::Passed),
            (&[0x15, 1, 2, 3, 4, 0x08, 1], CheckOutcome::Passed),
            (
                &[0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 1],
                CheckOutcome::Passed,
            ),
            (&[0x08, 1, 0x08, 2], CheckOutcome::NotServing),
            (&[0x10, 1], CheckOutcome::NotServing),
            (&[0x08], CheckOutcome::Garbage),
            (&[0x0b], CheckOutcome::Garbage),
            (&[0x12, 9, b'x'], CheckOutcome::Garbage),
            (&[0xff; 12], CheckOutcome::Garbage),
        ] {
            let body = framed(message);
            assert_eq!(judge(200, Some(b"0"), &body), outcome, "{message:?}");
        }
    }

    #[test]
    fn an_answer_that_is_no_answer_is_not_well() {
        let well = framed(&[0x08, 1]);
        assert_eq!(judge(200, Some(b"5"), b""), CheckOutcome::NotServing);
        assert_eq!(judge(200, Some(b"12"), &well), CheckOutcome::NotServing);
        assert_eq!(judge(200, None, &well), CheckOutcome::Garbage);
        assert_eq!(judge(404, Some(b"0"), &well), CheckOutcome::StatusMismatch);
        assert_eq!(judge(200, Some(b"0"), &well[..6]), CheckOutcome::Garbage);
        assert_eq!(judge(200, Some(b"0"), b""), CheckOutcome::Garbage);
        let mut compressed = well;
        compressed[0] = 1;
        assert_eq!(judge(200, Some(b"0"), &compressed), CheckOutcome::Garbage);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = judge(200, Some(b"0"), &body);
            let _ = judge(200, Some(b"0"), &framed(&body));
        }
    }
}
