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
    /// Open connections of one client address (IPv6 by /64); beyond it new ones are closed at once.
    pub max_connections_per_ip: usize,
    /// HTTP/2 streams of one connection that its client may reset in a minute; beyond it the
    /// connection is closed.
    pub max_http2_resets: u32,
    /// Concurrent HTTP/2 streams per connection.
    pub max_http2_streams: u32,
    /// From the first byte of a head to its last; also how long a silent new connection may take.
    pub head_timeout: Duration,
    /// How long a kept-alive connection may stay idle between requests.
    pub idle_timeout: Duration,
    /// How long a client may neither send the rest of a body nor take the rest of an answer.
    pub stall_timeout: Duration,
    /// The bytes a second that a client must send or take on average while a body is under way, after
    /// a grace of `stall_timeout`; 0 lets it take its time.
    pub min_body_rate: ByteSize,
}

// === impl Clients ===

impl Default for Clients {
    /// What holds when the file says nothing.
    fn default() -> Self {
        Self {
            max_head: ByteSize::from_bytes(64 << 10),
            max_headers: 100,
            max_body: ByteSize::from_bytes(16 << 30),
            max_connections: 10_000,
            max_connections_per_ip: 10_000,
            max_http2_resets: 1_000,
            max_http2_streams: 100,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            min_body_rate: ByteSize::from_bytes(0),
        }
    }
}
