//! Endpoints by DNS.
//!
//! **Nothing is kept between two looks.** The resolver is made anew for each: it caches, and an answer
//! out of its cache would be good for longer than the server said; and what the system's
//! configuration says of name servers may have changed. A look is a few system calls dearer for it,
//! a few times a minute.
//!
//! **A and AAAA** are asked at the same time. **SRV** records name targets; their addresses are taken
//! from the additional section, where servers that know them put them (RFC 2782), and asked for
//! otherwise. A target that cannot be resolved at the moment keeps the addresses it had.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use engine::discovery::{
    Answer, Finding, Refreshed, Rhythm, Service, by_address, by_service, union,
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, Record, RecordType, rdata::SRV},
    },
};
use policy::{DnsDiscovery, DnsRecord};
use tokio::{task::JoinSet, time::timeout};

use super::Look;

/// How long a look may take, all questions together.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the server of the configuration may take for one answer, before it is asked again; the
/// system's own configuration says that for its servers.
const ANSWER: Duration = Duration::from_secs(1);
/// Targets that are asked for at the same time.
const AT_ONCE: usize = 16;

/// A name that is asked for.
#[derive(Debug)]
pub(super) struct Dns {
    policy: DnsDiscovery,
    /// The name without the dot that may end it.
    name: Arc<str>,
    rhythm: Rhythm,
    /// The addresses of the last good answer.
    last: Vec<IpAddr>,
    /// The same, by target.
    targets: HashMap<Name, Vec<IpAddr>>,
}

// === impl Dns ===

impl Dns {
    pub(super) fn new(policy: DnsDiscovery) -> Self {
        Self {
            name: unended(&policy.name),
            rhythm: Rhythm::new(policy.min_refresh, policy.max_refresh),
            policy,
            last: Vec::new(),
            targets: HashMap::new(),
        }
    }

    pub(super) async fn look(&mut self) -> Look {
        let asked = match self.resolver() {
            Ok(resolver) => timeout(PATIENCE, self.ask(Arc::new(resolver))).await,
            Err(error) => return Look::bad(Finding::Failed, error.to_string()),
        };
        let name = &self.policy.name;
        match asked {
            Ok(look) => look,
            Err(_elapsed) => Look::bad(
                Finding::Failed,
                format!("{name}: no answer in {PATIENCE:?}"),
            ),
        }
    }

    pub(super) fn wait(&mut self, refreshed: Refreshed, ttl: Duration) -> Duration {
        let dice = fastrand::u32(..);
        match refreshed {
            Refreshed::Changed | Refreshed::Unchanged => self.rhythm.answered(ttl, dice),
            Refreshed::Empty | Refreshed::Failed | Refreshed::Invalid | Refreshed::Missing => {
                self.rhythm.set_back(dice)
            }
        }
    }

    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.policy.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_name_servers(vec![server]);
                let provider = TokioRuntimeProvider::default();
                let mut builder = TokioResolver::builder_with_config(config, provider);
                builder.options_mut().timeout = ANSWER;
                builder
            }
        };
        let options = builder.options_mut();
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        builder.build()
    }

    async fn ask(&mut self, resolver: Arc<TokioResolver>) -> Look {
        match self.policy.record {
            DnsRecord::Address { port } => self.ask_addresses(&resolver, port).await,
            DnsRecord::Service => self.ask_services(resolver).await,
        }
    }

    async fn ask_addresses(&mut self, resolver: &TokioResolver, port: u16) -> Look {
        let name = &self.policy.name;
        let (v4, v6) = tokio::join!(
            resolver.lookup(name.as_str(), RecordType::A),
            resolver.lookup(name.as_str(), RecordType::AAAA),
        );
        let reason = v4.as_ref().err().or(v6.as_ref().err());
        let reason = reason.map(|error| format!("{name}: {error}"));
        let v4 = answer(v4, addresses);
        match union(v4, answer(v6, addresses), &self.last) {
            Answer::Found { records, ttl } => {
                self.last.clone_from(&records);
                Look {
                    finding: Finding::Found(by_address(
                        &self.name,
                        self.policy.scheme,
                        port,
                        records,
                    )),
                    reason: None,
                    ttl,
                }
            }
            bad => bad_news(&bad, reason),
        }
    }

    async fn ask_services(&mut self, resolver: Arc<TokioResolver>) -> Look {
        let name = &self.policy.name;
        let asked = resolver.lookup(name.as_str(), RecordType::SRV).await;
        let reason = asked.as_ref().err().map(|error| format!("{name}: {error}"));
        let (told, of_told) = match asked.as_ref() {
            Ok(lookup) => additional(lookup.additionals()),
            Err(_) => Default::default(),
        };
        let (records, ttl) = match answer(asked, services) {
            Answer::Found { records, ttl } => (records, ttl),
            bad => return bad_news(&bad, reason),
        };
        let unknown = records.iter().map(|record| &record.target);
        let unknown = unknown
            .filter(|target| !told.contains_key(*target))
            .cloned();
        let (mut targets, of_targets) = self.resolve(&resolver, unknown.collect()).await;
        targets.extend(told);
        let services: Vec<Service> = records
            .into_iter()
            .map(|record| Service {
                target: unended(&record.target.to_ascii()),
                priority: record.priority,
                weight: record.weight,
                port: record.port,
                addresses: targets.get(&record.target).cloned().unwrap_or_default(),
            })
            .collect();
        self.targets = targets;
        Look {
            finding: Finding::Found(by_service(self.policy.scheme, &services)),
            reason: Some(format!("{name}: no target has an address")),
            ttl: (of_targets.into_iter().chain(of_told)).fold(ttl, Duration::min),
        }
    }

    /// The addresses of each target, and how long all of them are good for.
    async fn resolve(
        &self,
        resolver: &Arc<TokioResolver>,
        mut targets: Vec<Name>,
    ) -> (HashMap<Name, Vec<IpAddr>>, Option<Duration>) {
        targets.sort_unstable();
        targets.dedup();
        let (mut found, mut shortest) = (HashMap::new(), None);
        let mut asking = JoinSet::new();
        let mut waiting = targets.into_iter();
        loop {
            while asking.len() < AT_ONCE
                && let Some(target) = waiting.next()
            {
                let resolver = Arc::clone(resolver);
                let last = self.targets.get(&target).cloned().unwrap_or_default();
                asking.spawn(async move {
                    let (v4, v6) = tokio::join!(
                        resolver.lookup(target.clone(), RecordType::A),
                        resolver.lookup(target.clone(), RecordType::AAAA),
                    );
                    let v4 = answer(v4, addresses);
                    let answer = union(v4, answer(v6, addresses), &last);
                    (target, last, answer)
                });
            }
            let Some(joined) = asking.join_next().await else {
                return (found, shortest);
            };
            match joined {
                Ok((target, _, Answer::Found { records, ttl })) => {
                    shortest = Some(shortest.map_or(ttl, |it: Duration| it.min(ttl)));
                    found.insert(target, records);
                }
                Ok((target, last, Answer::Failed)) => {
                    shortest = Some(Duration::ZERO);
                    found.insert(target, last);
                }
                Ok((_, _, Answer::Empty | Answer::Missing)) | Err(_) => {}
            }
        }
    }
}

/// A question's answer: what `read` finds in the records, good for as long as the first of them ends,
/// aliases on the way included.
fn answer<T>(asked: Result<Lookup, NetError>, read: impl Fn(&RData) -> Option<T>) -> Answer<T> {
    let lookup = match asked {
        Ok(lookup) => lookup,
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            return match none.response_code {
                ResponseCode::NXDomain => Answer::Missing,
                ResponseCode::NoError => Answer::Empty,
                _ => Answer::Failed,
            };
        }
        Err(_) => return Answer::Failed,
    };
    let answers = lookup.answers();
    let records: Vec<T> = answers.iter().filter_map(|it| read(&it.data)).collect();
    let ttl = answers.iter().map(|record| record.ttl).min();
    match ttl {
        Some(ttl) if !records.is_empty() => Answer::Found {
            records,
            ttl: Duration::from_secs(ttl.into()),
        },
        _ => Answer::Empty,
    }
}

fn addresses(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

fn services(data: &RData) -> Option<SRV> {
    match data {
        RData::SRV(service) if !service.target.is_root() => Some(service.clone()),
        _ => None,
    }
}

/// What the server says of the targets without being asked, and how long all of it is good for.
fn additional(records: &[Record]) -> (HashMap<Name, Vec<IpAddr>>, Option<Duration>) {
    let (mut told, mut shortest): (HashMap<_, Vec<IpAddr>>, _) = (HashMap::new(), None);
    for record in records {
        if let Some(address) = addresses(&record.data) {
            told.entry(record.name.clone()).or_default().push(address);
            let ttl = Duration::from_secs(record.ttl.into());
            shortest = Some(shortest.map_or(ttl, |it: Duration| it.min(ttl)));
        }
    }
    (told, shortest)
}

/// A name as certificates and `Host` have it.
fn unended(name: &str) -> Arc<str> {
    name.strip_suffix('.').unwrap_or(name).into()
}

fn bad_news<T>(answer: &Answer<T>, reason: Option<String>) -> Look {
    Look {
        finding: match answer {
            Answer::Missing => Finding::Missing,
            Answer::Failed => Finding::Failed,
            Answer::Empty | Answer::Found { .. } => Finding::Empty,
        },
        reason,
        ttl: Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_resolver::proto::rr::rdata::A;

    use super::*;

    /// The addresses of targets change when they change, however long the records that name the
    /// targets are good for.
    #[test]
    fn what_is_told_unasked_is_good_for_as_long_as_it_says() {
        let target = Name::from_ascii("a.example.").unwrap();
        let record = |last, ttl| {
            let address = A(Ipv4Addr::new(10, 0, 0, last));
            Record::from_rdata(target.clone(), ttl, RData::A(address))
        };
        let (told, ttl) = additional(&[record(1, 300), record(2, 5), record(3, 60)]);
        assert_eq!(told[&target].len(), 3);
        assert_eq!(ttl, Some(Duration::from_secs(5)));
        assert_eq!(additional(&[]).1, None);
    }
}
