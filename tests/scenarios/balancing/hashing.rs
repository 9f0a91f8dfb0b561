//! Equal requests to equal endpoints.

use std::{collections::HashSet, thread};

use harness::{Ask, Gate, Origin, Reply, Sidecar};

use crate::forebay;

const WAYS: [&str; 2] = ["maglev", "ring_hash"];
const USERS: std::ops::Range<usize> = 0..80;

/// Origins that say their names.
fn origins() -> Vec<Origin> {
    ["a", "b", "c", "d"].map(Origin::saying).into()
}

fn hashing(origins: &[Origin], upstream: &str) -> Sidecar {
    let builder = origins
        .iter()
        .fold(forebay(), |builder, origin| builder.origin(origin));
    builder
        .listener("trusted_proxies: [127.0.0.0/8]")
        .upstream(upstream)
        .routes("  - {name: users, match: {path: \"/users/{id}/{*rest}\"}, upstream: origin}\n  - {name: all, upstream: origin}")
        .start()
}

/// Who answers each user, asked twice.
fn homes(sidecar: &Sidecar, ask: impl Fn(usize) -> Ask) -> Vec<String> {
    USERS
        .map(|user| {
            let home = sidecar.ask(&ask(user)).text();
            assert_eq!(sidecar.ask(&ask(user)).text(), home, "user {user}");
            home
        })
        .collect()
}

fn assert_spread(homes: &[String]) {
    let used: HashSet<_> = homes.iter().collect();
    assert_eq!(used.len(), 4, "{homes:?}");
}

#[test]
fn a_user_stays_at_one_endpoint_by_header_cookie_path_and_address() {
    for balance in WAYS {
        let origins = origins();
        let on = |on: &str| hashing(&origins, &format!("balance: {balance}\nhash_on: [{on}]"));
        let by_header = homes(&on("{header: X-User}"), |user| {
            Ask::get("/").header("X-User", &format!("u{user}"))
        });
        let by_cookie = homes(&on("{cookie: sid}"), |user| {
            Ask::get("/").header("Cookie", &format!("theme=dark; sid=u{user}"))
        });
        let by_path = homes(&on("{path_parameter: id}"), |user| {
            Ask::get(&format!("/users/u{user}/orders"))
        });
        for homes in [&by_header, &by_cookie, &by_path] {
            assert_spread(homes);
        }
        // The same values, the same homes, wherever they come from.
        assert_eq!(by_header, by_cookie);
        assert_eq!(by_header, by_path);
        let by_address = homes(&on("client_ip"), |user| {
            Ask::get("/").header("X-Forwarded-For", &format!("203.0.113.{user}"))
        });
        assert_spread(&by_address);
    }
}

#[test]
fn what_follows_the_path_parameter_does_not_matter() {
    let origins = origins();
    let sidecar = hashing(
        &origins,
        "balance: ring_hash\nhash_on: [{path_parameter: id}]",
    );
    for user in USERS {
        let home = sidecar.get(&format!("/users/{user}/orders/1")).text();
        assert_eq!(sidecar.get(&format!("/users/{user}/cart?x=1")).text(), home);
    }
}

#[test]
fn without_a_key_a_client_is_known_by_its_address() {
    let origins = origins();
    for balance in WAYS {
        let upstream = format!("balance: {balance}\nhash_on: [{{header: X-User}}]");
        let sidecar = hashing(&origins, &upstream);
        let home = sidecar.get("/").text();
        for _ in 0..10 {
            assert_eq!(sidecar.get("/other").text(), home);
        }
    }
}

#[test]
fn an_ipv6_customer_is_one_client() {
    let origins = origins();
    let sidecar = hashing(&origins, "balance: ring_hash");
    let customer = |customer: usize, host: usize| {
        let address = format!("2001:db8:0:{customer:x}::{host:x}");
        let ask = Ask::get("/").header("X-Forwarded-For", &address);
        sidecar.ask(&ask).text()
    };
    let homes: Vec<_> = USERS
        .map(|it| {
            let home = customer(it, 1);
            assert_eq!(customer(it, 0xffff), home);
            home
        })
        .collect();
    assert_spread(&homes);
}

#[test]
fn only_the_users_of_an_endpoint_that_is_gone_move() {
    for (balance, others_at_most) in [("ring_hash", 0), ("maglev", 2)] {
        let mut origins = origins();
        let upstream = format!("balance: {balance}\nhash_on: [{{header: X-User}}]");
        let ask = |user: usize| Ask::get("/").header("X-User", &format!("u{user}"));
        let before = homes(&hashing(&origins, &upstream), ask);
        let gone = origins.remove(1);
        let after = homes(&hashing(&origins, &upstream), ask);
        let others = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| *before != "b" && before != after);
        assert!(others.count() <= others_at_most, "{before:?} {after:?}");
        drop(gone);
    }
}

#[test]
fn users_of_an_endpoint_that_refuses_find_another_and_come_back() {
    let origins = origins();
    let dead = Origin::saying("").address();
    let ask = |user: usize| Ask::get("/").header("X-User", &format!("u{user}"));
    let builder = origins
        .iter()
        .fold(forebay(), |builder, origin| builder.origin(origin));
    let sidecar = builder
        .endpoint(&format!("http://{dead}"))
        .upstream("balance: ring_hash\nhash_on: [{header: X-User}]")
        .start();
    // All are answered, each always by the same.
    assert_spread(&homes(&sidecar, ask));
}

#[test]
fn a_popular_key_does_not_drown_its_endpoint() {
    for balance in WAYS {
        let gate = Gate::new();
        let origins = [(); 2].map(|()| {
            let gate = gate.clone();
            Origin::http(move |request| {
                if request.target == "/slow" {
                    gate.wait();
                }
                Reply::ok("x")
            })
        });
        let sidecar = forebay()
            .origin(&origins[0])
            .origin(&origins[1])
            .upstream(&format!("balance: {balance}\nbounded_load: 125%"))
            .start();
        let address = sidecar.address();
        let counts = || [origins[0].count(), origins[1].count()];
        let slow: Vec<_> = (1..=6)
            .map(|asked| {
                let asking = thread::spawn(move || Ask::get("/slow").send(address));
                harness::eventually("it arrived", || {
                    (counts().iter().sum::<usize>() == asked).then_some(())
                });
                asking
            })
            .collect();
        // Five quarters of a half of six is less than four.
        assert!(counts().iter().all(|count| *count <= 4), "{:?}", counts());
        gate.open();
        for asking in slow {
            assert_eq!(asking.join().unwrap().status, 200);
        }
    }
}

#[test]
fn a_hash_in_shadow_counts_one_endpoint_and_uses_all() {
    let origins = [Origin::saying("x"), Origin::saying("x")];
    let sidecar = forebay()
        .origin(&origins[0])
        .origin(&origins[1])
        .upstream("balance: maglev\nbalance_mode: shadow")
        .start();
    for _ in 0..20 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    assert_eq!(origins.each_ref().map(Origin::count), [10, 10]);
    let picks = origins.each_ref().map(|origin| {
        let endpoint = origin.address().to_string();
        let labels = [("upstream", "origin"), ("endpoint", endpoint.as_str())];
        sidecar.metric("forebay_upstream_shadow_picks_total", &labels)
    });
    assert!(picks == [20.0, 0.0] || picks == [0.0, 20.0], "{picks:?}");
}
