use std::{net::IpAddr, time::Duration};

use policy::{Endpoint, EndpointAddress, Scheme, Weight};
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn endpoint(host: &str) -> Endpoint {
    Endpoint::tcp(Scheme::Http, host, 80)
}

fn endpoints(hosts: &[&str]) -> Vec<Endpoint> {
    hosts.iter().map(|host| endpoint(host)).collect()
}

fn hosts(endpoints: &[Endpoint]) -> Vec<&str> {
    endpoints.iter().map(Endpoint::host).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn found(addresses: &[&str], ttl: u32) -> Answer<IpAddr> {
    Answer::Found {
        records: addresses.iter().map(|it| ip(it)).collect(),
        ttl: ttl * SECOND,
    }
}

fn service(priority: u16, weight: u16, addresses: &[&str]) -> Service {
    Service {
        target: "target.example".into(),
        priority,
        weight,
        port: 8080,
        addresses: addresses.iter().map(|it| ip(it)).collect(),
    }
}

/// The address alone.
fn at(endpoint: &Endpoint) -> String {
    match &endpoint.address {
        EndpointAddress::Tcp { host, .. } => host.clone(),
        EndpointAddress::Unix(path) => path.display().to_string(),
    }
}

/// Address, priority and weight of each endpoint.
fn standing(services: &[Service]) -> Vec<(String, u8, u16)> {
    by_service(Scheme::Http, services)
        .iter()
        .map(|it| (at(it), it.priority, it.weight.value()))
        .collect()
}

#[test]
fn a_good_answer_replaces_the_one_before_and_leaves_the_listed_alone() {
    let mut known = Known::new(endpoints(&["z", "a"]));
    assert_eq!(hosts(&known.endpoints()), ["z", "a"]);
    let first = Finding::Found(endpoints(&["c", "b", "a"]));
    assert_eq!(known.learn(first), Refreshed::Changed);
    assert_eq!(hosts(&known.endpoints()), ["z", "a", "b", "c"]);
    let second = Finding::Found(endpoints(&["d", "c"]));
    assert_eq!(known.learn(second), Refreshed::Changed);
    assert_eq!(hosts(&known.endpoints()), ["z", "a", "c", "d"]);
}

#[test]
fn the_order_of_an_answer_says_nothing() {
    let mut known = Known::new(Vec::new());
    known.learn(Finding::Found(endpoints(&["a", "b", "c"])));
    let turned = Finding::Found(endpoints(&["c", "a", "b", "a"]));
    assert_eq!(known.learn(turned), Refreshed::Unchanged);
    assert_eq!(hosts(&known.endpoints()), ["a", "b", "c"]);
}

#[test]
fn bad_news_leave_the_last_good_answer() {
    for (finding, refreshed) in [
        (Finding::Empty, Refreshed::Empty),
        (Finding::Found(Vec::new()), Refreshed::Empty),
        (Finding::Failed, Refreshed::Failed),
        (Finding::Invalid, Refreshed::Invalid),
        (Finding::Missing, Refreshed::Missing),
    ] {
        let mut known = Known::new(Vec::new());
        known.learn(Finding::Found(endpoints(&["a"])));
        assert_eq!(known.learn(finding), refreshed);
        assert_eq!(hosts(&known.endpoints()), ["a"], "{refreshed:?}");
        let again = Finding::Found(endpoints(&["a"]));
        assert_eq!(known.learn(again), Refreshed::Unchanged);
    }
}

#[test]
fn what_the_configuration_says_of_an_endpoint_outranks_what_is_found() {
    let heavy = Endpoint {
        weight: Weight::new(9).unwrap(),
        ..endpoint("a")
    };
    let mut known = Known::new(vec![heavy.clone()]);
    known.learn(Finding::Found(endpoints(&["a"])));
    assert_eq!(known.endpoints(), [heavy]);
}

#[test]
fn of_two_that_differ_in_standing_the_better_one_stays() {
    let spare = Endpoint {
        priority: 1,
        ..endpoint("a")
    };
    for both in [
        vec![spare.clone(), endpoint("a")],
        vec![endpoint("a"), spare.clone()],
    ] {
        let mut known = Known::new(Vec::new());
        known.learn(Finding::Found(both));
        assert_eq!(known.endpoints(), endpoints(&["a"]));
    }
}

#[test]
fn whoever_stays_keeps_its_identity_and_whoever_comes_back_is_new() {
    let before = endpoints(&["a", "b", "c"]);
    let heavier = Endpoint {
        weight: Weight::new(5).unwrap(),
        ..endpoint("a")
    };
    let wanted = vec![endpoint("d"), endpoint("c"), heavier.clone()];
    let change = Change::between(before.iter(), wanted.clone());
    assert_eq!(
        change.members,
        [
            Member::New(endpoint("d")),
            Member::Stays(2, endpoint("c")),
            Member::Stays(0, heavier),
        ]
    );
    assert_eq!(change.gone, [1]);
    let back = Change::between(wanted.iter(), before);
    assert_eq!(back.members[1], Member::New(endpoint("b")));
    assert_eq!(back.gone, [0]);
}

#[test]
fn an_endpoint_that_is_listed_twice_stays_twice() {
    let twice = endpoints(&["a", "a"]);
    let change = Change::between(twice.iter(), twice.clone());
    assert_eq!(
        change.members,
        [
            Member::Stays(0, endpoint("a")),
            Member::Stays(1, endpoint("a"))
        ]
    );
    assert!(change.gone.is_empty());
    let once = Change::between(twice.iter(), endpoints(&["a"]));
    assert_eq!(once.gone, [1]);
}

#[test]
fn other_ports_and_schemes_are_other_endpoints() {
    let before = [endpoint("a")];
    for wanted in [
        Endpoint::tcp(Scheme::Http, "a", 81),
        Endpoint::tcp(Scheme::Https, "a", 80),
        Endpoint {
            address: EndpointAddress::Unix("a".into()),
            ..endpoint("a")
        },
    ] {
        let change = Change::between(before.iter(), vec![wanted.clone()]);
        assert_eq!(change.members, [Member::New(wanted)]);
        assert_eq!(change.gone, [0]);
    }
}

/// The name is what an endpoint is asked for and has to prove by its certificate.
#[test]
fn who_goes_by_another_name_is_another_endpoint() {
    let called = |name: &str| Endpoint {
        name: Some(name.into()),
        ..endpoint("10.0.0.1")
    };
    let change = Change::between([&called("a")], vec![called("b")]);
    assert_eq!(change.members, [Member::New(called("b"))]);
    assert_eq!(change.gone, [0]);
    let same = Change::between([&called("a")], vec![called("a")]);
    assert_eq!(same.members, [Member::Stays(0, called("a"))]);
}

#[test]
fn of_two_names_for_one_address_the_same_stays_in_whichever_order_they_come() {
    let called = |name: &str| Endpoint {
        name: Some(name.into()),
        ..endpoint("10.0.0.1")
    };
    let mut known = Known::new(Vec::new());
    let answer = vec![called("b"), called("a")];
    known.learn(Finding::Found(answer.clone()));
    let reversed = answer.into_iter().rev().collect();
    assert_eq!(known.learn(Finding::Found(reversed)), Refreshed::Unchanged);
    assert_eq!(known.endpoints(), [called("a")]);
}

#[test]
fn both_families_are_one_answer_with_the_shorter_ttl() {
    assert_eq!(
        union(found(&["10.0.0.1"], 30), found(&["::1"], 5), &[]),
        found(&["10.0.0.1", "::1"], 5)
    );
    assert_eq!(
        union(found(&["10.0.0.1"], 30), Answer::Empty, &[ip("::9")]),
        found(&["10.0.0.1"], 30)
    );
    assert_eq!(
        union(Answer::Missing, found(&["::1"], 5), &[]),
        found(&["::1"], 5)
    );
}

#[test]
fn a_family_that_fails_alone_keeps_its_last_addresses() {
    let last = [ip("10.0.0.9"), ip("::9")];
    assert_eq!(
        union(found(&["10.0.0.1"], 30), Answer::Failed, &last),
        found(&["10.0.0.1", "::9"], 30)
    );
    assert_eq!(
        union(Answer::Failed, found(&["::1"], 30), &last),
        found(&["::1", "10.0.0.9"], 30)
    );
}

#[test]
fn without_an_address_the_worst_news_count() {
    let empty = || Answer::<IpAddr>::Empty;
    assert_eq!(union(empty(), empty(), &[]), Answer::Empty);
    assert_eq!(union(Answer::Missing, empty(), &[]), Answer::Missing);
    assert_eq!(union(Answer::Missing, Answer::Failed, &[]), Answer::Failed);
    assert_eq!(union(empty(), Answer::Failed, &[ip("::9")]), Answer::Failed);
}

#[test]
fn addresses_that_no_server_has_are_left_out() {
    let addresses = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "10.0.0.1", "::1"];
    let name = "api.example".into();
    let found = by_address(&name, Scheme::Https, 443, addresses.iter().map(|it| ip(it)));
    assert_eq!(
        found.iter().map(at).collect::<Vec<_>>(),
        ["10.0.0.1", "::1"]
    );
    assert_eq!(found[1].url(), "https://[::1]:443");
    let blocked = [service(0, 1, &["0.0.0.0"])];
    assert!(by_service(Scheme::Http, &blocked).is_empty());
}

#[test]
fn what_is_found_goes_by_the_name_that_led_there() {
    let found = by_address(&"api.example".into(), Scheme::Https, 443, [ip("10.0.0.1")]);
    assert_eq!(found[0].host(), "api.example");
    assert_eq!(found[0].url(), "https://10.0.0.1:443");
    let found = by_service(Scheme::Https, &[service(0, 0, &["10.0.0.1"])]);
    assert_eq!(found[0].host(), "target.example");
}

#[test]
fn priorities_of_services_become_groups_without_gaps() {
    let services = [
        service(500, 1, &["10.0.0.3"]),
        service(7, 1, &["10.0.0.1"]),
        service(50, 1, &["10.0.0.2"]),
    ];
    let groups = [
        ("10.0.0.1".to_owned(), 0, 1),
        ("10.0.0.2".to_owned(), 1, 1),
        ("10.0.0.3".to_owned(), 2, 1),
    ];
    assert_eq!(standing(&services), groups);
}

#[test]
fn weights_of_services_are_shares_of_their_targets() {
    let weights = |services: &[Service]| -> Vec<u16> {
        standing(services).into_iter().map(|it| it.2).collect()
    };
    let (a, b) = ("10.0.0.1", "10.0.0.2");
    assert_eq!(
        weights(&[service(0, 60, &[a]), service(0, 20, &[b])]),
        [3, 1]
    );
    // Nobody has a weight: all are the same.
    assert_eq!(weights(&[service(0, 0, &[a]), service(0, 0, &[b])]), [1, 1]);
    // No weight beside one: a very small chance.
    assert_eq!(
        weights(&[service(0, 1, &[a]), service(0, 0, &[b])]),
        [100, 1]
    );
    // A group knows nothing of another.
    assert_eq!(weights(&[service(0, 5, &[a]), service(1, 0, &[b])]), [1, 1]);
    // A target of two addresses has its share once.
    let two = service(0, 10, &[a, b]);
    assert_eq!(weights(&[two, service(0, 10, &["10.0.0.3"])]), [1, 1, 2]);
    // As much as a weight can hold.
    let far = [service(0, 65535, &[a]), service(0, 1, &[b])];
    assert_eq!(weights(&far), [1000, 1]);
}

#[test]
fn the_next_look_is_when_the_answer_ends() {
    let mut rhythm = Rhythm::new(5 * SECOND, 300 * SECOND);
    assert_eq!(rhythm.answered(30 * SECOND, 0), 30 * SECOND);
    assert_eq!(rhythm.answered(30 * SECOND, u32::MAX), 33 * SECOND);
    assert_eq!(rhythm.answered(Duration::ZERO, 0), 5 * SECOND);
    assert_eq!(rhythm.answered(9999 * SECOND, 0), 300 * SECOND);
    assert_eq!(rhythm.answered(9999 * SECOND, u32::MAX), 270 * SECOND);
}

#[test]
fn setbacks_in_a_row_wait_longer_and_an_answer_forgives_them() {
    let mut rhythm = Rhythm::new(5 * SECOND, 300 * SECOND);
    let waits: Vec<_> = (0..7)
        .map(|_| rhythm.set_back(u32::MAX).as_secs())
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    rhythm.answered(30 * SECOND, 0);
    assert_eq!(rhythm.set_back(0), SECOND / 2);
}

proptest! {
    #[test]
    fn a_wait_is_never_outside_of_its_bounds(least in 0..600_u32, more in 0..600_u32, ttl: u32, dice: u32) {
        let (least, most) = (least * SECOND, (least + more) * SECOND);
        let mut rhythm = Rhythm::new(least, most);
        let wait = rhythm.answered(Duration::from_secs(ttl.into()), dice);
        prop_assert!(least <= wait && wait <= most);
        for _ in 0..40 {
            let wait = rhythm.set_back(dice);
            prop_assert!(wait <= 30 * SECOND && wait <= most.max(SECOND));
        }
    }

    #[test]
    fn a_change_gives_what_is_wanted_and_loses_nobody(
        before in prop::collection::vec(0..9_u8, 0..12),
        wanted in prop::collection::vec(0..9_u8, 0..12),
    ) {
        let named = |them: &[u8]| -> Vec<_> { them.iter().map(|it| endpoint(&it.to_string())).collect() };
        let (before, wanted) = (named(&before), named(&wanted));
        let change = Change::between(before.iter(), wanted.clone());
        let mut places = change.gone.clone();
        let made: Vec<_> = change.members.into_iter().map(|member| match member {
            Member::New(endpoint) => endpoint,
            Member::Stays(place, endpoint) => {
                assert_eq!(before[place], endpoint);
                places.push(place);
                endpoint
            }
        }).collect();
        prop_assert_eq!(made, wanted);
        places.sort_unstable();
        prop_assert_eq!(places, (0..before.len()).collect::<Vec<_>>());
    }
}

/// A thousand endpoints, half of which are replaced: a list of pairs would need a million looks.
#[test]
fn a_thousand_endpoints_are_replaced_in_one_go() {
    let named = |range: std::ops::Range<u32>| -> Vec<_> {
        range
            .map(|it| endpoint(&std::net::Ipv4Addr::from(0x0a00_0000 + it).to_string()))
            .collect()
    };
    let mut known = Known::new(Vec::new());
    known.learn(Finding::Found(named(0..1000)));
    let before = known.endpoints();
    known.learn(Finding::Found(named(500..1500)));
    let change = Change::between(before.iter(), known.endpoints());
    let stay = change.members.iter();
    let stay = stay.filter(|it| matches!(it, Member::Stays(..))).count();
    assert_eq!(
        (change.members.len(), stay, change.gone.len()),
        (1000, 500, 500)
    );
}
