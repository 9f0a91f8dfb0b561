//! HTTP/2 frame by frame, for what no honest client would send (RFC 9113, section 4).

use std::net::SocketAddr;

use crate::client::RawClient;

const HEADERS: u8 = 1;
const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection that sends any frame in any order.
#[derive(Debug)]
pub struct RawH2(RawClient);

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The type.
    pub kind: u8,
    /// The stream, 0 for the connection.
    pub stream: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole connection was closed.
    Closed,
    /// The whole connection was ended, with this error.
    GoAway(u32),
    /// The stream was reset, with this error.
    Reset(u32),
    /// The head of a response with this status, when its status is in HPACK's static table, else 0.
    Status(u16),
}

// === impl RawH2 ===

impl RawH2 {
    /// Connects, with preface and empty settings.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self::with_settings(address, &[])
    }

    /// Connects, with preface and these settings (RFC 9113, section 6.5.2).
    #[track_caller]
    pub fn with_settings(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut client = RawClient::connect(address);
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut connection = Self(client);
        let settings = settings.iter().flat_map(|(id, value)| {
            let (id, value) = (id.to_be_bytes(), value.to_be_bytes());
            id.into_iter().chain(value)
        });
        let payload: Vec<u8> = settings.collect();
        connection.frame(SETTINGS, 0, 0, &payload);
        connection
    }

    /// The four fields that every GET begins with, and then these.
    pub fn request<'a>(method: &'a str, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = vec![
            (":method", method),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "shop.test"),
        ];
        all.extend_from_slice(fields);
        all
    }

    /// Opens a stream; every field is literal and never indexed.
    pub fn headers(&mut self, stream: u32, fields: &[(&str, &str)], last: bool) {
        let mut block = Vec::new();
        for (name, value) in fields {
            block.push(0x10);
            literal(&mut block, name);
            literal(&mut block, value);
        }
        let flags = END_HEADERS | if last { END_STREAM } else { 0 };
        self.frame(HEADERS, flags, stream, &block);
    }

    /// Sends content.
    pub fn data(&mut self, stream: u32, bytes: &[u8], last: bool) {
        self.frame(DATA, u8::from(last), stream, bytes);
    }

    /// Sends any frame, unless the sidecar has closed.
    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let _closed = self.try_frame(kind, flags, stream, payload);
    }

    /// Sends any bytes, which need be no frame.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.try_send(bytes)
    }

    /// Sends any frame, and tells whether the sidecar has closed.
    pub fn try_frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        self.0.try_send(frame(kind, flags, stream, payload))
    }
}

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

impl RawH2 {
    /// The next frame; `None` when the sidecar closed.
    pub fn receive(&mut self) -> Option<Frame> {
        let head = self.0.try_hear(9).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        Some(Frame {
            kind: head[3],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff,
            payload: self.0.try_hear(length).ok()?,
        })
    }

    /// Waits for what becomes of a stream.
    pub fn end_of(&mut self, stream: u32) -> End {
        while let Some(frame) = self.receive() {
            match frame.kind {
                GOAWAY => return End::GoAway(number(&frame.payload[4..8])),
                RST_STREAM if frame.stream == stream => return End::Reset(number(&frame.payload)),
                HEADERS if frame.stream == stream => return End::Status(status(&frame.payload)),
                _ => {}
            }
        }
        End::Closed
    }
}

fn literal(block: &mut Vec<u8>, text: &str) {
    let length = text.len();
    assert!(length < 127 + 128, "longer texts need a longer length");
    if length < 127 {
        block.push(length as u8);
    } else {
        block.extend([127, (length - 127) as u8]);
    }
    block.extend(text.as_bytes());
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The status, which comes first in the block; six are in the static table (RFC 7541, appendix A).
fn status(block: &[u8]) -> u16 {
    let indexed = block.iter().find(|byte| *byte & 0xe0 != 0x20);
    match indexed {
        Some(0x88) => 200,
        Some(0x89) => 204,
        Some(0x8a) => 206,
        Some(0x8b) => 304,
        Some(0x8c) => 400,
        Some(0x8d) => 404,
        Some(0x8e) => 500,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h2::{H2Origin, H2Reply};

    #[test]
    fn hand_made_frames_are_understood() {
        let origin = H2Origin::new(|_| H2Reply::ok(b"x"));
        let mut connection = RawH2::connect(origin.address());
        connection.headers(1, &RawH2::request("GET", &[("x-a", "b")]), true);
        assert_eq!(connection.end_of(1), End::Status(200));
        assert_eq!(origin.requests()[0].header("x-a"), Some("b"));
    }
}
