//! Ports of the loopback that nobody has, each given once.
//!
//! They lie below the range from which the kernel takes the ports of outgoing connections, so that
//! no connection of another test can be in the way between a look and a child's `bind`. That none
//! is given twice makes what a test has closed stay closed: else the next test's origin could be
//! met where this one expects nobody.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;
/// Shares no factor with [`COUNT`], so that steps of it come by every port.
const STRIDE: u16 = 7;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An address that was free a moment ago and is given to nobody else in this process.
pub(crate) fn free() -> SocketAddr {
    listener().local_addr().unwrap()
}

/// Listens at such an address.
pub(crate) fn listener() -> TcpListener {
    (0..COUNT)
        .find_map(|_| TcpListener::bind(next()).ok())
        .expect("a port is free")
}

fn next() -> SocketAddr {
    // Test binaries that run at the same time begin at different places.
    let place = std::process::id().wrapping_add(
        NEXT.fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(STRIDE.into()),
    );
    let port = FIRST + (place % u32::from(COUNT)) as u16;
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let mut seen = std::collections::HashSet::new();
        // Other tests of this process take some, too.
        for _ in 0..COUNT / 2 {
            assert!(seen.insert(next()));
        }
    }
}
