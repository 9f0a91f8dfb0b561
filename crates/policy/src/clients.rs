//! What a client may ask of Forebay before it is turned away.

use std::time::Duration;

use crate::ByteSize;

/// Bounds on what clients may send and how long they may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Request line and headers together; beyond it the answer is 431.
    pub max_head: ByteSize,
    /// Header fields in one request; beyond it the answer is 431.
    pub max_headers: usize,
    /// Request body; beyond it the answer is 413.
    pub max_body: ByteSize,
    /// Open client connections per process; beyond it new ones are closed at once.
    pub max_connections: usize,
    /// Concurrent HTTP/2 streams per connection.
    pub max_http2_streams: u32,
    /// From the first byte of a head to its last; also how long a silent new connection may take.
    pub head_timeout: Duration,
    /// How long a kept-alive connection may stay idle between requests.
    pub idle_timeout: Duration,
    /// How long a client may neither send the rest of a body nor take the rest of an answer.
    pub stall_timeout: Duration,
}
