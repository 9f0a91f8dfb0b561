//! A second try beside a slow first one: who wins, who is let go of, and how many there are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use harness::{Ask, Gate, H2Script, Origin, Reply, Sidecar};

use crate::forebay;

fn hedged(origins: &[&Origin], hedge: &str) -> Sidecar {
    let builder = origins
        .iter()
        .fold(forebay(), |builder, origin| builder.origin(origin));
    builder.upstream(&format!("hedge: {{{hedge}}}")).start()
}

fn hedges(sidecar: &Sidecar, outcome: &str) -> f64 {
    sidecar.metric("forebay_upstream_hedges_total", &[("outcome", outcome)])
}

/// Answers when the gate opens.
fn slow(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::http(move |_| {
        gate.wait();
        Reply::ok("slow")
    })
}

#[test]
fn the_first_head_wins_and_the_loser_sees_the_end() {
    let left = Gate::new();
    let slow = Origin::scripted({
        let left = left.clone();
        move |mut conversation| {
            if conversation.request().is_some() && conversation.hear().is_empty() {
                left.open();
            }
        }
    });
    let fast = Origin::saying("fast");
    let sidecar = hedged(&[&slow, &fast], "after: 30ms, budget: 100%");
    for _ in 0..4 {
        assert_eq!(sidecar.get("/").text(), "fast");
    }
    assert!(slow.count() > 0);
    left.wait();
    let (won, lost) = (hedges(&sidecar, "won"), hedges(&sidecar, "lost"));
    assert!(won > 0.0);
    assert_eq!(won + lost, slow.count() as f64, "each of them had company");
}

/// Trap 24.
#[test]
fn the_loser_of_many_streams_has_its_own_reset_and_no_other() {
    const CANCEL: u32 = 8;
    let reset = Gate::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let origin = || {
        let (reset, asked) = (reset.clone(), Arc::clone(&asked));
        Origin::scripted(move |conversation| {
            let Some(mut script) = H2Script::greet(conversation) else {
                return;
            };
            while let Some(head) = script.head() {
                match asked.fetch_add(1, Ordering::SeqCst) {
                    0 => {
                        assert_eq!(script.reset_of(head.stream), Some(CANCEL));
                        reset.open();
                    }
                    _ => script.answer(head.stream),
                }
            }
        })
    };
    let (one, other) = (origin(), origin());
    let sidecar = forebay()
        .origin(&one)
        .origin(&other)
        .upstream("protocol: http2\nhedge: {after: 30ms, budget: 100%}")
        .start();
    // One client connection, and so one worker with one pool.
    let mut client = sidecar.connect();
    assert_eq!(client.ask(&Ask::get("/")).status, 200);
    reset.wait();
    for _ in 0..4 {
        assert_eq!(client.ask(&Ask::get("/")).status, 200);
    }
    assert_eq!(one.connections() + other.connections(), 2);
}

#[test]
fn only_what_is_safe_and_has_no_body_on_its_way_has_a_second_try() {
    for ask in [
        Ask::post("/", "an order"),
        Ask::new("DELETE", "/"),
        Ask::new("PUT", "/").body("new"),
    ] {
        let gate = Gate::new();
        let origins = [slow(&gate), slow(&gate)];
        let sidecar = hedged(&[&origins[0], &origins[1]], "after: 10ms, budget: 100%");
        let address = sidecar.address();
        let asking = thread::spawn(move || ask.send(address));
        harness::eventually("it arrived", || {
            (origins[0].count() + origins[1].count() == 1).then_some(())
        });
        // A second request, which may have a second try and has it, shows that there was time for one.
        let watching = thread::spawn(move || Ask::get("/").send(address));
        harness::eventually("the second try of another", || {
            (origins[0].count() + origins[1].count() == 3).then_some(())
        });
        gate.open();
        assert_eq!(asking.join().unwrap().status, 200);
        assert_eq!(watching.join().unwrap().status, 200);
        assert_eq!(origins[0].count() + origins[1].count(), 3);
    }
}

#[test]
fn an_origin_that_is_slow_as_a_whole_is_not_asked_twice() {
    const CLIENTS: usize = 40;
    let gate = Gate::new();
    let origins = [slow(&gate), slow(&gate)];
    let sidecar = hedged(&[&origins[0], &origins[1]], "after: 10ms, budget: 10%");
    let address = sidecar.address();
    let asking: Vec<_> = (0..CLIENTS)
        .map(|_| thread::spawn(move || Ask::get("/").send(address)))
        .collect();
    let count = || origins[0].count() + origins[1].count();
    harness::eventually("all have been slow", || {
        let exhausted = hedges(&sidecar, "exhausted") as usize;
        (exhausted + count() >= 2 * CLIENTS).then_some(())
    });
    assert!(count() <= CLIENTS + CLIENTS / 10, "{}", count());
    gate.open();
    for asking in asking {
        assert_eq!(asking.join().unwrap().status, 200);
    }
}

#[test]
fn what_is_slow_is_learned() {
    let gate = Gate::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let origin = || {
        let (gate, asked) = (gate.clone(), Arc::clone(&asked));
        Origin::http(move |_| {
            // The last one that is asked first is slow, for the first time.
            if asked.fetch_add(1, Ordering::SeqCst) == 120 {
                gate.wait();
            }
            Reply::ok("well")
        })
    };
    let (one, other) = (origin(), origin());
    let sidecar = hedged(&[&one, &other], "after: p99, min_delay: 200ms, budget: 5%");
    for _ in 0..120 {
        assert_eq!(sidecar.get("/").text(), "well");
    }
    assert_eq!(sidecar.get("/").text(), "well");
    assert!(hedges(&sidecar, "won") > 0.0);
    gate.open();
}

#[test]
fn an_error_does_not_win_against_an_answer_that_is_still_coming() {
    let gate = Gate::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let origin = || {
        let (gate, asked) = (gate.clone(), Arc::clone(&asked));
        Origin::http(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => {
                gate.wait();
                Reply::ok("first")
            }
            _ => {
                gate.open();
                Reply::status(500)
            }
        })
    };
    let (one, other) = (origin(), origin());
    let sidecar = hedged(&[&one, &other], "after: 20ms, budget: 100%");
    assert_eq!(sidecar.get("/").text(), "first");
    assert_eq!(one.count() + other.count(), 2);
    assert_eq!(hedges(&sidecar, "lost"), 1.0);
}

#[test]
fn in_shadow_mode_second_tries_are_counted_and_not_sent() {
    let gate = Gate::new();
    let origins = [slow(&gate), slow(&gate)];
    let sidecar = hedged(
        &[&origins[0], &origins[1]],
        "mode: shadow, after: 10ms, budget: 100%",
    );
    let address = sidecar.address();
    let asking = thread::spawn(move || Ask::get("/").send(address));
    sidecar.wait_for_metric(
        "forebay_upstream_hedges_total",
        &[("outcome", "shadow")],
        1.0,
    );
    gate.open();
    assert_eq!(asking.join().unwrap().text(), "slow");
    assert_eq!(origins[0].count() + origins[1].count(), 1);
}
