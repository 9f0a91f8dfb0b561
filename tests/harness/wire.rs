//! Reading HTTP/1 from a socket, byte for byte, without being lenient about framing.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::{
    deadline::{Deadline, PATIENCE},
    message::{Fields, Request, Response},
    runtime,
};

/// A socket and what was read from it too early.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

// === impl Wire ===

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // The peer is on this machine: a socket that cannot do this is broken.
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub(crate) fn half_close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Ends the connection with a RST instead of a FIN.
    pub(crate) fn reset(self) {
        runtime::reset(self.stream);
    }

    /// Reads once; 0 at the end.
    fn fill(&mut self, deadline: Deadline) -> io::Result<usize> {
        let left = deadline.left().ok_or(io::ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(Some(left))?;
        let mut piece = [0; 16 * 1024];
        let n = match self.stream.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            other => other?,
        };
        self.read.extend_from_slice(&piece[..n]);
        Ok(n)
    }

    fn more(&mut self, deadline: Deadline) -> io::Result<()> {
        match self.fill(deadline)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Whatever comes within this time, empty at the end; `TimedOut` when nothing does.
    pub(crate) fn some_within(&mut self, time: Duration) -> io::Result<Vec<u8>> {
        if self.read.is_empty() {
            self.fill(Deadline::after(time))?;
        }
        Ok(std::mem::take(&mut self.read))
    }

    /// Whatever comes next, at least one byte; empty at the end.
    pub(crate) fn some(&mut self) -> io::Result<Vec<u8>> {
        if self.read.is_empty() {
            self.fill(Deadline::after(PATIENCE))?;
        }
        Ok(std::mem::take(&mut self.read))
    }

    /// Up to and with `end`.
    pub(crate) fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let deadline = Deadline::after(PATIENCE);
        let mut looked = 0;
        loop {
            let from = looked.min(self.read.len());
            let found = self.read[from..]
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return Ok(self.read.drain(..from + at + end.len()).collect());
            }
            looked = self.read.len().saturating_sub(end.len());
            self.more(deadline)?;
        }
    }

    pub(crate) fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let deadline = Deadline::after(PATIENCE);
        while self.read.len() < length {
            self.more(deadline)?;
        }
        Ok(self.read.drain(..length).collect())
    }

    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let deadline = Deadline::after(PATIENCE);
        while self.fill(deadline)? > 0 {}
        Ok(std::mem::take(&mut self.read))
    }

    fn line(&mut self) -> io::Result<String> {
        let line = self.until(b"\r\n")?;
        Ok(String::from_utf8_lossy(&line[..line.len() - 2]).into_owned())
    }

    /// The next head with its empty line; `None` when the peer closed between messages.
    pub(crate) fn head(&mut self) -> io::Result<Option<String>> {
        if self.read.is_empty() && self.fill(Deadline::after(PATIENCE))? == 0 {
            return Ok(None);
        }
        let head = self.until(b"\r\n\r\n")?;
        Ok(Some(String::from_utf8_lossy(&head).into_owned()))
    }

    /// A whole request; `None` when the peer closed instead.
    pub(crate) fn request(&mut self) -> io::Result<Option<Request>> {
        let Some(mut request) = self.request_head()? else {
            return Ok(None);
        };
        if request.header("expect").is_some() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        (request.body, request.trailers) = self.request_body(&request)?;
        Ok(Some(request))
    }

    pub(crate) fn request_head(&mut self) -> io::Result<Option<Request>> {
        let Some(head) = self.head()? else {
            return Ok(None);
        };
        let mut lines = head.split("\r\n");
        let mut start = lines
            .next()
            .unwrap_or_default()
            .splitn(3, ' ')
            .map(str::to_owned);
        let mut word = || start.next().unwrap_or_default();
        Ok(Some(Request {
            method: word(),
            target: word(),
            version: word(),
            headers: Fields::parse(lines),
            head: head.clone(),
            ..Request::default()
        }))
    }

    pub(crate) fn request_body(&mut self, request: &Request) -> io::Result<(Vec<u8>, Fields)> {
        if request.headers.has("transfer-encoding") {
            return self.chunked();
        }
        let length = request
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        Ok((self.exactly(length)?, Fields::default()))
    }

    pub(crate) fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let chunk = self.exactly(size)?;
        if size > 0 {
            self.exactly(2)?;
        }
        Ok(chunk)
    }

    pub(crate) fn chunked(&mut self) -> io::Result<(Vec<u8>, Fields)> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                break;
            }
            body.extend(chunk);
        }
        let mut trailers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok((body, Fields::parse(trailers.iter().map(String::as_str))));
            }
            trailers.push(line);
        }
    }

    /// The head of the next response, interim or final.
    pub(crate) fn response_head(&mut self) -> io::Result<Response> {
        let head = self.head()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|start| start.split(' ').nth(1)?.parse().ok());
        Ok(Response {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            headers: Fields::parse(lines),
            ..Response::default()
        })
    }

    /// A final response to a request of that method, with what came before it.
    pub(crate) fn response(&mut self, method: &str) -> io::Result<Response> {
        let mut interim = Vec::new();
        let mut response = loop {
            let head = self.response_head()?;
            if head.status >= 200 || head.status == 101 {
                break head;
            }
            interim.push(head.status);
        };
        response.interim = interim;
        (response.body, response.trailers) = self.response_body(method, &response)?;
        Ok(response)
    }

    fn response_body(&mut self, method: &str, head: &Response) -> io::Result<(Vec<u8>, Fields)> {
        if method == "HEAD" || matches!(head.status, 101 | 204 | 304) {
            return Ok(Default::default());
        }
        if head.headers.has("transfer-encoding") {
            return self.chunked();
        }
        let body = match head.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
                self.exactly(length)?
            }
            None => self.rest()?,
        };
        Ok((body, Fields::default()))
    }
}
