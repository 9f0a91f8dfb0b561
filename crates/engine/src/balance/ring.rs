//! A ring of points, of which each endpoint has its share: ketama, as nginx and memcached know it.
//!
//! The ring is that of pingora-load-balancing (its crate pingora-ketama); what is ours is how many
//! points there are, and the names of endpoints that have no address yet.
//!
//! # Points
//! A key belongs to the first point after it, so that shares are only as even as the points are
//! many: with the usual 160 for each they differ by a twelfth, which few endpoints feel. A ring of
//! light endpoints therefore has up to [`FINEST`] times as many, and one of heavy endpoints fewer, by
//! a power of two, so that it stays below [`MOST_UNITS`] times 160 points, 10 MB. Where that power
//! changes, as when an upstream grows past 256 endpoints, more keys move than usual, once.
//!
//! # Names
//! The ring wants socket addresses. An endpoint that is known by a DNS name or is a Unix socket gets
//! one of IPv6 made of a hash of its URL: it stands for the name, and nobody is ever dialled there.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use pingora_ketama::{Bucket, Continuum};
use policy::{Endpoint, EndpointAddress};
use xxhash_rust::xxh3::xxh3_128;

/// Units of 160 points that a ring may have.
const MOST_UNITS: u32 = 1 << 13;
/// How many units a weight of one may have.
const FINEST: u32 = 32;

/// The ring, walked from any key on.
pub(super) struct Ring {
    points: Continuum,
    /// Which endpoint stands for an address.
    endpoints: HashMap<SocketAddr, usize>,
}

// === impl Ring ===

impl Ring {
    pub(super) fn new(endpoints: &[&Endpoint]) -> Self {
        let total: u32 = endpoints
            .iter()
            .map(|it| u32::from(it.weight.value()))
            .sum();
        let mut finer = FINEST;
        while finer > 1 && total.saturating_mul(finer) > MOST_UNITS {
            finer /= 2;
        }
        let mut coarser = 0;
        while total >> coarser > MOST_UNITS {
            coarser += 1;
        }
        let mut addresses = HashMap::with_capacity(endpoints.len());
        let mut buckets = Vec::with_capacity(endpoints.len());
        for (position, endpoint) in endpoints.iter().enumerate() {
            let address = address(endpoint);
            if addresses.insert(address, position).is_none() {
                let weight = (u32::from(endpoint.weight.value()) * finer) >> coarser;
                buckets.push(Bucket::new(address, weight.max(1)));
            }
        }
        Self {
            points: Continuum::new(&buckets),
            endpoints: addresses,
        }
    }

    /// Whose the key is, then whose it would be without that one, and so on around the ring, with
    /// repetitions and without end.
    pub(super) fn walk(&self, key: u64) -> impl Iterator<Item = usize> {
        self.points
            .node_iter(&key.to_le_bytes())
            .filter_map(|address| self.endpoints.get(address).copied())
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ring = formatter.debug_struct("Ring");
        ring.field("endpoints", &self.endpoints.len())
            .finish_non_exhaustive()
    }
}

/// Where an endpoint is, or an address that stands for its name.
fn address(endpoint: &Endpoint) -> SocketAddr {
    if let EndpointAddress::Tcp { host, port } = &endpoint.address
        && let Ok(address) = host.parse::<IpAddr>()
    {
        return SocketAddr::new(address, *port);
    }
    let hash = xxh3_128(endpoint.url().as_bytes());
    SocketAddr::new(Ipv6Addr::from_bits(hash).into(), 0)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use policy::{Scheme, Weight};

    use super::*;

    #[test]
    fn what_has_no_address_gets_one_that_stays() {
        let named = Endpoint::tcp(Scheme::Http, "app", 80);
        let socket = Endpoint {
            address: EndpointAddress::Unix(PathBuf::from("/run/app.sock")),
            ..named.clone()
        };
        // Fixed for good: another value would move the keys of a fleet whose parts are updated one
        // after the other.
        assert_eq!(
            address(&named).to_string(),
            "[1a6a:5070:3513:1464:8099:7d9c:caa6:11ac]:0"
        );
        assert_ne!(address(&named), address(&socket));
        let plain = Endpoint::tcp(Scheme::Http, "10.0.0.1", 80);
        assert_eq!(address(&plain).to_string(), "10.0.0.1:80");
    }

    #[test]
    fn rings_stay_small_whatever_the_weights() {
        let heavy: Vec<_> = (0..1000)
            .map(|number| Endpoint {
                weight: Weight::new(1000).unwrap(),
                ..Endpoint::tcp(
                    Scheme::Http,
                    &format!("10.0.{}.{}", number / 250, number % 250),
                    80,
                )
            })
            .collect();
        let ring = Ring::new(&heavy.iter().collect::<Vec<_>>());
        let points = MOST_UNITS as usize * 160;
        let met: std::collections::HashSet<_> = ring.walk(7).take(points).collect();
        assert_eq!(met.len(), 1000);
    }

    #[test]
    fn nobody_is_on_an_empty_ring() {
        assert_eq!(Ring::new(&[]).walk(7).next(), None);
    }
}
