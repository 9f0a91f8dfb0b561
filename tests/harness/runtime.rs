//! The executor behind the HTTP/2 peers, started once for all tests of a binary.

use std::{net::TcpStream, sync::LazyLock};

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// Ends a connection with a RST: what was not sent is dropped, what was not read is lost.
pub(crate) fn reset(stream: TcpStream) {
    let _context = runtime().enter();
    stream.set_nonblocking(true).unwrap();
    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
    stream.set_zero_linger().unwrap();
}
