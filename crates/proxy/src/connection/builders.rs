//! hyper's servers, set up once: every limit it has is set from `clients`.

use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;
use policy::Clients;

use super::streams::StreamTasks;

/// HTTP/2 streams a client may reset before they were even looked at (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams we may have to reset because the client misbehaved, before the connection ends
/// (CVE-2025-8671).
const LOCAL_RESETS: usize = 100;
/// Bytes of a response that may wait for one HTTP/2 stream's window.
const SEND_BUFFER: usize = 256 * 1024;
/// hyper's smallest allowed read buffer.
const LEAST_BUFFER: usize = 8 * 1024;
/// A read buffer beyond the largest head, so that bodies move in fair pieces.
const BODY_BUFFER: usize = 64 * 1024;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(30);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// One server per protocol.
#[derive(Clone, Debug)]
pub(crate) struct Builders {
    pub(crate) http1: http1::Builder,
    pub(crate) http2: http2::Builder<StreamTasks>,
}

// === impl Builders ===

impl Builders {
    pub(crate) fn new(clients: &Clients) -> Self {
        let head = usize::try_from(clients.max_head.bytes()).unwrap_or(usize::MAX);
        Self {
            http1: http1(clients, head),
            http2: http2(clients, head),
        }
    }
}

fn http1(clients: &Clients, head: usize) -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1
        // The watch of this worker ends slow heads and idle connections; see `watch.rs`.
        .header_read_timeout(None)
        .half_close(true)
        // Collecting pipelined answers would copy every body behind its head before writing it.
        .pipeline_flush(false)
        .max_headers(clients.max_headers)
        .max_header_size(head)
        .max_buf_size(head.max(BODY_BUFFER).max(LEAST_BUFFER));
    http1
}

fn http2(clients: &Clients, head: usize) -> http2::Builder<StreamTasks> {
    let resets = usize::try_from(clients.max_http2_resets).unwrap_or(usize::MAX);
    let mut http2 = http2::Builder::new(StreamTasks::new(clients.stall_timeout));
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .max_concurrent_streams(clients.max_http2_streams)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS.min(resets))
        .max_local_error_reset_streams(Some(LOCAL_RESETS.min(resets)))
        .max_send_buf_size(SEND_BUFFER);
    http2
}
