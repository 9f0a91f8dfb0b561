//! What an origin answers.

use std::{io, sync::mpsc::Receiver};

use crate::wire::Wire;

/// A response, put together field by field.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) interim: Vec<String>,
    pub(crate) body: Body,
    pub(crate) after: After,
}

/// How the body is framed.
#[derive(Debug)]
pub(crate) enum Body {
    /// Chunk by chunk.
    Chunked(Vec<Vec<u8>>),
    /// Not even a head.
    Silence,
    /// With a Content-Length.
    Sized(Vec<u8>),
    /// Chunk by chunk as the test says, until it drops the sender.
    Streamed(Receiver<Vec<u8>>),
    /// Until the connection closes.
    UntilClose(Vec<u8>),
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Close,
    KeepAlive,
}

// === impl Reply ===

impl Reply {
    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            trailers: Vec::new(),
            interim: Vec::new(),
            body: Body::Sized(body.into()),
            after: After::KeepAlive,
        }
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    /// 200 with these chunks.
    pub fn chunked<T: Into<Vec<u8>>>(chunks: impl IntoIterator<Item = T>) -> Self {
        Self {
            body: Body::Chunked(chunks.into_iter().map(Into::into).collect()),
            ..Self::ok("")
        }
    }

    /// 200 with whatever the test sends through the channel.
    pub fn streamed(pieces: Receiver<Vec<u8>>) -> Self {
        Self {
            body: Body::Streamed(pieces),
            ..Self::ok("")
        }
    }

    /// 200 with a body that ends with the connection.
    pub fn until_close(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Body::UntilClose(body.into()),
            after: After::Close,
            ..Self::ok("")
        }
    }

    /// No answer: the connection is closed instead.
    pub fn hang_up() -> Self {
        Self {
            body: Body::Silence,
            after: After::Close,
            ..Self::ok("")
        }
    }

    /// With another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more field.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a trailer field; only after chunks.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// After an interim response, such as `103 Early Hints\r\nLink: </a>`.
    pub fn after_interim(mut self, start_and_fields: &str) -> Self {
        self.interim.push(start_and_fields.to_owned());
        self
    }

    /// And then the connection is closed without a word.
    pub fn closing(mut self) -> Self {
        self.after = After::Close;
        self
    }

    /// With one more field as it goes over the wire, such as `Age:  5`.
    pub fn line(self, line: &str) -> Self {
        let (name, value) = line.split_once(':').expect("a field has a colon");
        // What follows the one space that is written anyway is part of what is tested.
        self.header(name, value.strip_prefix(' ').unwrap_or(value))
    }

    pub(crate) fn write(self, wire: &mut Wire, method: &str) -> io::Result<After> {
        if matches!(self.body, Body::Silence) {
            return Ok(self.after);
        }
        for interim in &self.interim {
            wire.write(format!("HTTP/1.1 {interim}\r\n\r\n").as_bytes())?;
        }
        let mut head = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match &self.body {
            Body::Chunked(_) | Body::Streamed(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
            Body::Sized(_) if matches!(self.status, 204 | 304) => {}
            Body::Sized(body) => head.push_str(&format!("Content-Length: {}\r\n", body.len())),
            Body::Silence | Body::UntilClose(_) => {}
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if method == "HEAD" || matches!(self.status, 204 | 304) {
            wire.write(&bytes)?;
            return Ok(self.after);
        }
        match self.body {
            Body::Silence => {}
            Body::Sized(body) | Body::UntilClose(body) => {
                bytes.extend(body);
                wire.write(&bytes)?;
            }
            Body::Chunked(chunks) => {
                wire.write(&bytes)?;
                for chunk in chunks {
                    wire.write(&framed(&chunk))?;
                }
                wire.write(&last_chunk(&self.trailers))?;
            }
            Body::Streamed(pieces) => {
                wire.write(&bytes)?;
                while let Ok(piece) = pieces.recv() {
                    wire.write(&framed(&piece))?;
                }
                wire.write(&last_chunk(&self.trailers))?;
            }
        }
        Ok(self.after)
    }
}

fn framed(chunk: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
    bytes.extend(chunk);
    bytes.extend(b"\r\n");
    bytes
}

fn last_chunk(trailers: &[(String, String)]) -> Vec<u8> {
    let fields = trailers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("0\r\n{}\r\n", fields.collect::<String>()).into_bytes()
}
