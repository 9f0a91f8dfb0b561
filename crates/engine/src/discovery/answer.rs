//! What DNS says, as endpoints.
//!
//! **Addresses.** A and AAAA are two questions, and one of them may fail alone: the addresses of
//! that family are then those of the last time, so that a server which stumbles over AAAA does not
//! make half of the endpoints come and go.
//!
//! **Names.** An endpoint is where it is, and goes by the name that led there: what it is asked for
//! (`Host`), and who it has to be (TLS).
//!
//! **Services** (RFC 2782). The priorities of the records become groups numbered from zero without
//! gaps. Within a group the weights are shares, of a target's addresses together. A weight of zero
//! is "a very small chance" beside others, and no statement at all where nobody has another: there
//! everybody gets the same. The target `.` says that the service is not offered here.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use policy::{Endpoint, Scheme, Weight};

/// How much heavier the lightest weight is than none, beside which it stands.
const HEAVIER_THAN_NONE: u64 = 100;
/// The heaviest an endpoint may be.
const HEAVIEST: u64 = 1000;

/// What one question came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The name exists, and has nothing of the kind.
    Empty,
    /// There was no answer, or none that says anything.
    Failed,
    /// These.
    Found {
        /// What it says.
        records: Vec<T>,
        /// How long it is good for.
        ttl: Duration,
    },
    /// There is no such name (NXDOMAIN).
    Missing,
}

/// One SRV record, and where its target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name of its target.
    pub target: Arc<str>,
    /// Lower ones come first.
    pub priority: u16,
    /// Its share among those of its priority.
    pub weight: u16,
    /// The port of its target.
    pub port: u16,
    /// The addresses of its target.
    pub addresses: Vec<IpAddr>,
}

/// The answers about A and AAAA as one; `last` are the addresses of the last good one.
pub fn union(v4: Answer<IpAddr>, v6: Answer<IpAddr>, last: &[IpAddr]) -> Answer<IpAddr> {
    match (v4, v6) {
        (
            Answer::Found {
                records: mut all,
                ttl,
            },
            Answer::Found {
                records,
                ttl: other_ttl,
            },
        ) => {
            all.extend(records);
            Answer::Found {
                records: all,
                ttl: ttl.min(other_ttl),
            }
        }
        (Answer::Found { mut records, ttl }, Answer::Failed) => {
            records.extend(last.iter().filter(|address| address.is_ipv6()));
            Answer::Found { records, ttl }
        }
        (Answer::Failed, Answer::Found { mut records, ttl }) => {
            records.extend(last.iter().filter(|address| address.is_ipv4()));
            Answer::Found { records, ttl }
        }
        (found @ Answer::Found { .. }, _) | (_, found @ Answer::Found { .. }) => found,
        (Answer::Failed, _) | (_, Answer::Failed) => Answer::Failed,
        (Answer::Missing, _) | (_, Answer::Missing) => Answer::Missing,
        (Answer::Empty, Answer::Empty) => Answer::Empty,
    }
}

/// One endpoint for each address that a server can have; `name` is whose addresses they are.
pub fn by_address(
    name: &Arc<str>,
    scheme: Scheme,
    port: u16,
    addresses: impl IntoIterator<Item = IpAddr>,
) -> Vec<Endpoint> {
    let usable = addresses.into_iter().filter(is_a_servers);
    usable
        .map(|address| Endpoint {
            name: Some(Arc::clone(name)),
            ..Endpoint::tcp(scheme, &address.to_string(), port)
        })
        .collect()
}

/// One endpoint for each address of each target, its standing as the records say.
pub fn by_service(scheme: Scheme, services: &[Service]) -> Vec<Endpoint> {
    let mut groups: BTreeMap<u16, Vec<(&Service, Vec<IpAddr>)>> = BTreeMap::new();
    for service in services {
        let usable: BTreeSet<_> = (service.addresses.iter().copied())
            .filter(is_a_servers)
            .collect();
        if !usable.is_empty() && service.port != 0 {
            let group = groups.entry(service.priority).or_default();
            group.push((service, usable.into_iter().collect()));
        }
    }
    let ranks = (0..=u8::MAX).chain(std::iter::repeat(u8::MAX));
    let mut endpoints = Vec::new();
    for (rank, group) in ranks.zip(groups.values()) {
        let weights = weights(group);
        for ((service, addresses), weight) in group.iter().zip(weights) {
            endpoints.extend(addresses.iter().map(|address| Endpoint {
                name: Some(Arc::clone(&service.target)),
                weight,
                priority: rank,
                ..Endpoint::tcp(scheme, &address.to_string(), service.port)
            }));
        }
    }
    endpoints
}

/// The weight of each of the targets' addresses, as small as their proportions allow.
fn weights(group: &[(&Service, Vec<IpAddr>)]) -> Vec<Weight> {
    let shared = group.iter().any(|(service, _)| service.weight > 0);
    let unweighted = group.iter().any(|(service, _)| service.weight == 0);
    // Scaled, so that the share of one address of several is still a whole number.
    let several =
        (group.iter().map(|(_, addresses)| addresses.len() as u64)).fold(1, |all, count| {
            match all * count / divisor(all, count) {
                common if common <= HEAVIEST => common,
                _ => all,
            }
        });
    let scale = if shared && unweighted {
        HEAVIER_THAN_NONE
    } else {
        1
    };
    let shares: Vec<u64> = group
        .iter()
        .map(|(service, addresses)| {
            let whole = match u64::from(service.weight) {
                0 => 1,
                weight => weight * scale,
            };
            (whole * several / addresses.len() as u64).max(1)
        })
        .collect();
    let common = shares.iter().copied().fold(0, divisor).max(1);
    let heaviest = shares.iter().copied().max().unwrap_or(1) / common;
    let weight = |share: u64| {
        let share = share / common;
        let fitting = if heaviest > HEAVIEST {
            share * HEAVIEST / heaviest
        } else {
            share
        };
        let fitting = u16::try_from(fitting.max(1)).unwrap_or(u16::MAX);
        Weight::new(fitting).unwrap_or(Weight::ONE)
    };
    shares.into_iter().map(weight).collect()
}

/// Whether a server can have this address; name servers that block names answer with `0.0.0.0`,
/// and a connection to that would reach this machine.
fn is_a_servers(address: &IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast()
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        divisor(other, one % other)
    }
}
