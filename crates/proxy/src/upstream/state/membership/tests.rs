use std::net::Ipv4Addr;

use policy::{Scheme, Weight};
use telemetry::Health;

use super::*;
use crate::upstream::InFlight;

/// An upstream with one listed endpoint, and its metrics.
fn upstream() -> (UpstreamState, Metrics) {
    let text = policy::single_upstream("http://listed:80", "127.0.0.1:0");
    let source = policy::Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    let metrics = Metrics::new(&policies, &Health::new()).unwrap();
    let upstream = UpstreamState::new(0, &policies.upstreams[0], &metrics).unwrap();
    (upstream, metrics)
}

fn endpoints(hosts: &[&str]) -> Vec<Endpoint> {
    let endpoint = |host: &&str| Endpoint::tcp(Scheme::Http, host, 80);
    hosts.iter().map(endpoint).collect()
}

fn states(upstream: &UpstreamState) -> Vec<Arc<EndpointState>> {
    upstream.roster().endpoints.to_vec()
}

fn shown(upstream: &UpstreamState) -> Vec<(String, &'static str)> {
    let figures = upstream.figures().into_iter();
    figures
        .map(|it| (it.endpoint.host().to_owned(), it.origin.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn who_stays_is_the_same_and_who_comes_back_is_new() {
    let (upstream, metrics) = upstream();
    let replace = |hosts: &[&str]| upstream.replace(endpoints(hosts), &metrics).unwrap();
    replace(&["listed", "a", "b"]);
    let before = states(&upstream);
    replace(&["listed", "b"]);
    let after = states(&upstream);
    assert!(Arc::ptr_eq(&before[0], &after[0]));
    assert!(Arc::ptr_eq(&before[2], &after[1]));
    assert!(before[1].is_retired() && !before[2].is_retired());
    replace(&["listed", "a", "b"]);
    let back = &states(&upstream)[1];
    assert!(!Arc::ptr_eq(&before[1], back) && !back.is_retired());
    assert_ne!(before[1].id, back.id);
    // It is counted where it was.
    assert_eq!(before[1].slot, back.slot);
}

#[tokio::test(start_paused = true)]
async fn another_weight_is_no_other_endpoint() {
    let (upstream, metrics) = upstream();
    let before = states(&upstream);
    let mut heavier = endpoints(&["listed"]);
    heavier[0].weight = Weight::new(7).unwrap();
    upstream.replace(heavier, &metrics).unwrap();
    assert!(Arc::ptr_eq(&before[0], &states(&upstream)[0]));
    assert_eq!(upstream.figures()[0].endpoint.weight.value(), 7);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_is_shown_and_remembered_while_it_is_busy() {
    let (upstream, metrics) = upstream();
    upstream
        .replace(endpoints(&["listed", "a"]), &metrics)
        .unwrap();
    let leaving = Arc::clone(&states(&upstream)[1]);
    let slot = leaving.slot;
    let request = InFlight::begin(&leaving);
    upstream.replace(endpoints(&["listed"]), &metrics).unwrap();
    let busy = [("listed", "listed"), ("a", "draining")];
    assert_eq!(
        shown(&upstream),
        busy.map(|(host, is)| (host.to_owned(), is))
    );
    tokio::time::advance(10 * REMEMBERED).await;
    upstream.forget(&metrics);
    let found = upstream.endpoint_at(slot).unwrap();
    assert!(Arc::ptr_eq(&found, &leaving));
    drop((request, found));
    upstream.forget(&metrics);
    assert!(upstream.endpoint_at(slot).is_none());
    assert_eq!(shown(&upstream).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_cannot_be_addressed_changes_nothing() {
    let (upstream, metrics) = upstream();
    let before = states(&upstream);
    let wrong = upstream.replace(endpoints(&["a", "not a host"]), &metrics);
    assert!(wrong.is_err());
    assert!(Arc::ptr_eq(&before[0], &states(&upstream)[0]));
    assert!(!before[0].is_retired());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_replace_a_thousand() {
    let (upstream, metrics) = upstream();
    let thousand = |first: u32| -> Vec<Endpoint> {
        (first..first + 1000)
            .map(|it| Endpoint::tcp(Scheme::Http, &Ipv4Addr::from(it).to_string(), 80))
            .collect()
    };
    upstream.replace(thousand(0x0a00_0000), &metrics).unwrap();
    let before = states(&upstream);
    upstream
        .replace(thousand(0x0a00_0000 + 600), &metrics)
        .unwrap();
    let after = states(&upstream);
    assert_eq!(after.len(), 1000);
    let stay = after
        .iter()
        .filter(|it| before.iter().any(|was| Arc::ptr_eq(was, it)));
    assert_eq!(stay.count(), 400);
    assert_eq!(before.iter().filter(|it| it.is_retired()).count(), 600);
}
