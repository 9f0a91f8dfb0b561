//! The origin's side of an HTTP/2 connection, frame by frame: for what no library would say.

use crate::Conversation;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const PREFACE: usize = 24;
const FRAME_HEAD: usize = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
/// `:status: 200` of the static table (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

/// A connection on which the sidecar speaks HTTP/2.
#[derive(Debug)]
pub struct H2Script(Conversation);

/// A request whose head has come.
#[derive(Clone, Copy, Debug)]
pub struct H2Head {
    /// Its stream.
    pub stream: u32,
    ended: bool,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

// === impl H2Script ===

impl H2Script {
    /// Takes the sidecar's preface and sends ours; `None` when the sidecar has left.
    pub fn greet(mut conversation: Conversation) -> Option<Self> {
        conversation.hear_exactly(PREFACE).ok()?;
        let mut script = Self(conversation);
        script.send(SETTINGS, 0, 0, &[]);
        Some(script)
    }

    /// The head of the next request; `None` when the sidecar closed.
    pub fn head(&mut self) -> Option<H2Head> {
        loop {
            let frame = self.receive()?;
            if frame.kind == HEADERS {
                return Some(H2Head {
                    stream: frame.stream,
                    ended: frame.flags & END_STREAM != 0,
                });
            }
        }
    }

    /// The body of a request; `None` when it does not end.
    pub fn body(&mut self, head: H2Head) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        let mut ended = head.ended;
        while !ended {
            let frame = self.receive()?;
            if frame.stream != head.stream {
                continue;
            }
            match frame.kind {
                DATA => body.extend(frame.payload),
                RST_STREAM => return None,
                _ => {}
            }
            ended = frame.flags & END_STREAM != 0;
        }
        Some(body)
    }

    /// Answers 200 without a body.
    pub fn answer(&mut self, stream: u32) {
        self.send(HEADERS, END_HEADERS | END_STREAM, stream, &[STATUS_200]);
    }

    /// Says that nothing was done about a request.
    pub fn refuse(&mut self, stream: u32) {
        self.send(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes());
    }

    /// Says that nothing beyond the stream `last` is done, in order and without an error.
    pub fn go_away(&mut self, last: u32) {
        let payload = [last.to_be_bytes(), [0; 4]].concat();
        self.send(GOAWAY, 0, 0, &payload);
    }

    /// Waits until the sidecar resets a stream; `None` when it closes instead.
    pub fn reset_of(&mut self, stream: u32) -> Option<u32> {
        loop {
            let frame = self.receive()?;
            if frame.kind == RST_STREAM && frame.stream == stream {
                return Some(number(&frame.payload));
            }
        }
    }

    fn receive(&mut self) -> Option<Frame> {
        let head = self.0.hear_exactly(FRAME_HEAD).ok()?;
        let length = number(&[0, head[0], head[1], head[2]]) as usize;
        let frame = Frame {
            kind: head[3],
            flags: head[4],
            stream: number(&head[5..9]) & 0x7fff_ffff,
            payload: self.0.hear_exactly(length).ok()?,
        };
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            self.send(SETTINGS, ACK, 0, &[]);
        }
        Some(frame)
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap();
        let mut frame = length.to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.say(frame);
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}
