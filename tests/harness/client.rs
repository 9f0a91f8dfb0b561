//! Clients that speak HTTP/1: one of raw bytes, and one that asks politely.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{deadline::PATIENCE, message::Response, wire::Wire};

/// A connection to the sidecar.
#[derive(Debug)]
pub struct RawClient(Wire);

/// A request to be sent on a connection of its own, or on a given one.
#[derive(Clone, Debug)]
pub struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

// === impl RawClient ===

impl RawClient {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE);
        Self(Wire::new(
            stream.unwrap_or_else(|error| panic!("{address}: {error}")),
        ))
    }

    /// Sends these bytes.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.try_send(bytes).expect("the sidecar took the bytes");
        self
    }

    /// Sends these bytes, unless the sidecar has closed.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write(bytes.as_ref())
    }

    /// Sends a request and reads the response.
    #[track_caller]
    pub fn ask(&mut self, ask: &Ask) -> Response {
        self.send(ask.bytes());
        self.response(&ask.method)
    }

    /// The next final response, to a request of that method.
    #[track_caller]
    pub fn response(&mut self, method: &str) -> Response {
        self.try_response(method).expect("a whole response came")
    }

    /// The next final response, if it comes whole.
    pub fn try_response(&mut self, method: &str) -> io::Result<Response> {
        self.0.response(method)
    }

    /// The head of the next response, interim or final.
    #[track_caller]
    pub fn response_head(&mut self) -> Response {
        self.0.response_head().expect("the head of a response came")
    }

    /// One chunk of a chunked body; empty for the last.
    #[track_caller]
    pub fn chunk(&mut self) -> Vec<u8> {
        self.try_chunk().expect("a chunk came")
    }

    /// One chunk, if it comes whole.
    pub fn try_chunk(&mut self) -> io::Result<Vec<u8>> {
        self.0.chunk()
    }

    /// Exactly so many bytes.
    #[track_caller]
    pub fn hear(&mut self, length: usize) -> Vec<u8> {
        self.0.exactly(length).expect("so many bytes came")
    }

    /// Exactly so many bytes, if they come.
    pub fn try_hear(&mut self, length: usize) -> io::Result<Vec<u8>> {
        self.0.exactly(length)
    }

    /// Whatever comes within this time, empty at the end; `TimedOut` when nothing does.
    pub fn hear_within(&mut self, time: Duration) -> io::Result<Vec<u8>> {
        self.0.some_within(time)
    }

    /// Whatever comes next; empty at the end.
    pub fn hear_some(&mut self) -> io::Result<Vec<u8>> {
        self.0.some()
    }

    /// Up to and with these bytes.
    #[track_caller]
    pub fn hear_until(&mut self, end: &str) -> String {
        let heard = self.0.until(end.as_bytes()).expect("the bytes came");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Everything until the sidecar closes.
    #[track_caller]
    pub fn hear_to_end(&mut self) -> String {
        let heard = self.0.rest().expect("the connection ended in order");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Waits until the sidecar ends the connection, whichever way, having sent nothing more.
    #[track_caller]
    pub fn assert_closed(&mut self) {
        match self.0.some() {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => panic!("more came: {:?}", String::from_utf8_lossy(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => panic!("it stays open"),
            Err(_reset) => {}
        }
    }

    /// Says nothing more, but goes on listening.
    pub fn half_close(&self) {
        self.0.half_close().expect("the connection is open");
    }

    /// Breaks the connection with a RST.
    pub fn reset(self) {
        self.0.reset();
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        self.0.stream()
    }
}

// === impl Ask ===

impl Ask {
    /// A request with this method and target.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST with a body.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target).body(body)
    }

    /// With one more field; a `Host` replaces the usual one.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body and its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it on a connection of its own.
    #[track_caller]
    pub fn send(&self, address: SocketAddr) -> Response {
        RawClient::connect(address).ask(self)
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let given = |name: &str| {
            self.headers
                .iter()
                .any(|(field, _)| field.eq_ignore_ascii_case(name))
        };
        if !given("host") {
            head.push_str("Host: shop.test\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Reply};

    #[test]
    fn chunks_trailers_and_interim_responses_are_read() {
        let origin = Origin::http(|request| {
            assert_eq!(request.text(), "in");
            Reply::chunked(["a", "bc"])
                .after_interim("103 Early Hints\r\nLink: </x>")
                .trailer("Sum", "1")
        });
        let mut client = RawClient::connect(origin.address());
        for _ in 0..2 {
            let response = client.ask(&Ask::post("/x", "in"));
            assert_eq!(response.text(), "abc");
            assert_eq!(response.interim, [103]);
            assert_eq!(response.trailers.get("sum"), Some("1"));
        }
        assert_eq!(origin.count(), 2);
        assert_eq!(origin.connections(), 1);
    }

    #[test]
    fn a_reset_is_seen_as_an_error() {
        let origin = Origin::scripted(|mut conversation| {
            conversation.request();
            conversation.reset();
        });
        let mut client = RawClient::connect(origin.address());
        client.send(Ask::get("/").bytes());
        let error = client.try_response("GET").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
