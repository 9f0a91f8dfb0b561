//! A limit that follows its upstream: while that is short of room, those who cost it most have to give.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use harness::{Ask, Origin, Reply, Sidecar, eventually};

use crate::forebay;

const TIGHTENED: &str = "forebay_rate_limit_tightened_callers";

/// Clients of one caller that go on asking until they are told to stop.
struct Crowd {
    over: Arc<AtomicBool>,
    refused: Arc<AtomicU32>,
    clients: Vec<thread::JoinHandle<()>>,
}

// === impl Crowd ===

impl Crowd {
    fn start(sidecar: &Sidecar, caller: &'static str, clients: usize) -> Self {
        Self::paced(sidecar, caller, clients, None)
    }

    /// Clients that go to `pause` and back whenever they are refused.
    fn paced(
        sidecar: &Sidecar,
        caller: &'static str,
        clients: usize,
        pause: Option<SocketAddr>,
    ) -> Self {
        let (over, refused) = (Arc::default(), Arc::default());
        let address = sidecar.address();
        let client = |_| {
            let (over, refused) = (Arc::clone(&over), Arc::clone(&refused));
            thread::spawn(move || {
                let ask = Ask::get("/").header("K", caller);
                while !AtomicBool::load(&over, Ordering::Relaxed) {
                    if ask.send(address).status == 429 {
                        AtomicU32::fetch_add(&refused, 1, Ordering::Relaxed);
                        let _paused = pause.map(|pause| Ask::get("/").send(pause));
                    }
                }
            })
        };
        Self {
            clients: (0..clients).map(client).collect(),
            over,
            refused,
        }
    }

    fn refused(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
    }

    fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
    }
}

/// An origin that has room for two requests and takes its time, behind a limit that nobody reaches
/// unless it is tightened.
fn short_of_room(origin: &Origin, mode: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .upstream("capacity: {min: 2, max: 2, initial: 2, queue: 1000, queue_timeout: 15s}")
        .with_policies(&format!(
            "rate_limit: [{{name: l, mode: {mode}, rate: 1000/s, burst: 20, key: {{header: K}}, \
               adapt: {{min: 1%}}}}]"
        ))
        .start()
}

/// It is time that the origin spends which is measured: each answer takes ten milliseconds of it.
#[expect(
    clippy::disallowed_methods,
    reason = "the origin's time is what is measured"
)]
fn slow() -> Origin {
    Origin::http(|_| {
        thread::sleep(Duration::from_millis(10));
        Reply::ok("x")
    })
}

#[test]
fn the_heaviest_caller_gives_first_and_gets_it_back() {
    let origin = slow();
    let sidecar = short_of_room(&origin, "enforce");
    let heavy = Crowd::start(&sidecar, "heavy", 12);
    eventually("the heavy caller is refused some", || {
        // The light one is never refused meanwhile.
        let light = sidecar.ask(&Ask::get("/").header("K", "light"));
        assert_eq!(light.status, 200, "{light:?}");
        (heavy.refused() > 20).then_some(())
    });
    heavy.stop();
    eventually("nobody has to give any more", || {
        // Looked at when somebody asks.
        sidecar.ask(&Ask::get("/").header("K", "light"));
        (sidecar.metric(TIGHTENED, &[("limit", "l")]) == 0.0).then_some(())
    });
}

#[test]
fn in_shadow_nobody_gives_anything() {
    let origin = slow();
    let sidecar = short_of_room(&origin, "shadow");
    let heavy = Crowd::start(&sidecar, "heavy", 12);
    eventually("the heavy caller would have been refused some", || {
        let denied = [("limit", "l"), ("decision", "deny"), ("mode", "shadow")];
        let would = sidecar.metric("forebay_rate_limit_decisions_total", &denied);
        (would > 20.0).then_some(())
    });
    assert_eq!(heavy.refused(), 0);
    heavy.stop();
}

/// Trap 25: a caller that keeps within its own quota must not be shut out because its upstream is short
/// of room. Refused clients pause, so that together they never ask for more than the quota.
#[test]
fn who_gives_is_not_shut_out_for_it() {
    let (origin, elsewhere) = (slow(), slow());
    let sidecar = forebay()
        .origin(&origin)
        .upstream("capacity: {min: 2, max: 2, initial: 2, queue: 1000, queue_timeout: 15s}")
        .with_policies(
            "rate_limit: [{name: l, rate: 2000/s, burst: 40, key: {header: K}, adapt: {min: 1%}}]\n\
             bans: [{name: pushing, when: {limited: any}, count: 1, key: {header: K}}]",
        )
        .start();
    let heavy = Crowd::paced(&sidecar, "heavy", 12, Some(elsewhere.address()));
    eventually("the heavy caller is refused some", || {
        (heavy.refused() > 20).then_some(())
    });
    heavy.stop();
    assert_eq!(sidecar.admin("/bans").text(), "[]");
    let bans = sidecar.metric("forebay_bans_total", &[("box", "pushing")]);
    assert_eq!(bans, 0.0);
}
