//! An upstream that fails under load, in every way, behind all that guards it.
//!
//! Whatever happens, [`Fleet::judge`] wants this of the answers: every request has one, within its
//! deadline; and of what was sent to the upstream: at most 1.25 times the requests, and the retries
//! that are always allowed. [`Fleet::recovers`] wants that everything is well again by itself, on
//! every endpoint and for every client, and that nothing is left of the storm (TRAPS 22, 23, 25).

mod deaths;
mod faults;
mod names;
mod secured;

use std::time::Duration;

use harness::{
    Answer, Builder, Load, Mischief, Origin, Relay, Reply, Sidecar, deadline::timed, eventually,
};

use crate::forebay;

const PATH: &str = "/load";
const BODY: &str = "What everybody asks for, and would like to have whole.";

/// What `total` says.
const DEADLINE: Duration = Duration::from_secs(1);

/// By how much the clients of a busy machine may be late to notice.
const MARGIN: Duration = Duration::from_secs(3);

/// How long it may take until an upstream that is well is used again.
const RECOVERY: Duration = Duration::from_secs(5);

/// As in [`RETRY`]: always allowed, in each ten seconds.
const MIN_RETRIES: usize = 3;

const TIMEOUTS: &str = "timeouts: {connect: 200ms, tls: 200ms, first_byte: 300ms, idle: 300ms, \
                        per_try: 400ms, total: 1s}";
const RETRY: &str = "retry: {on: [connect, reset, timeout, 502, 503, 504], attempts: 3, \
                     budget: 20%, min_retries: 3, base_delay: 2ms, max_delay: 20ms}";
/// Everything else that looks after an upstream, with times that suit a test.
///
/// Failures in a row say something about a server. Of the whole upstream they do not: when one of
/// many servers dies, all it had to do fails at once. And while nothing comes back there are few
/// requests, so that few have to be enough to judge by.
const GUARDS: &str = "balance: peak_ewma\n\
    health_check: {path: /healthz, interval: 50ms, timeout: 200ms}\n\
    outliers: {interval: 100ms, ejection: 100ms, max_ejection: 400ms}\n\
    breaker: {min_requests: 10, window: 2s, open_for: 100ms, max_open: 400ms}\n\
    endpoint_breaker: {open_for: 100ms, max_open: 400ms}\n\
    capacity: {max: 100, queue_timeout: 500ms}";

/// An upstream of several servers, each behind a relay, and a sidecar before them.
struct Fleet {
    relays: Vec<Relay>,
    sidecar: Sidecar,
    /// What the relays lead to.
    origins: Vec<Origin>,
}

/// What was sent to an upstream.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// Requests that came to a relay, or through it.
    requests: usize,
    /// Connections that never stood, of which relays may know nothing.
    unconnected: usize,
}

// === impl Fleet ===

impl Fleet {
    /// So many servers behind everything there is.
    fn guarded(servers: usize) -> Self {
        Self::of(servers, &format!("{TIMEOUTS}\n{RETRY}\n{GUARDS}"))
    }

    fn of(servers: usize, upstream: &str) -> Self {
        let origins: Vec<_> = (0..servers).map(|_| server()).collect();
        let relays: Vec<_> = origins
            .iter()
            .map(|origin| Relay::to(origin.address(), Mischief::None))
            .collect();
        let builder = relays.iter().fold(forebay(), |builder, relay| {
            builder.endpoint(&format!("http://{}", relay.address()))
        });
        Self {
            relays,
            sidecar: started(builder.upstream(upstream)),
            origins,
        }
    }

    /// Clients that ask so often each.
    fn load(&self, clients: usize, each: usize) -> Load {
        Load::start(self.sidecar.address(), clients, each, PATH)
    }

    /// From now on all of them do this.
    fn turn(&self, mischief: Mischief) {
        for relay in &self.relays {
            relay.turn(mischief);
        }
    }

    fn sent(&self) -> Sent {
        sent(&self.sidecar, &self.relays, &self.origins)
    }

    /// What must hold of all answers, given what had been sent before.
    #[track_caller]
    fn judge(&self, what: &str, before: Sent, answers: &[Answer]) {
        judge(what, before, self.sent(), answers);
    }

    /// What must hold once all servers are well.
    #[track_caller]
    fn recovers(self, what: &str) {
        recovers(what, self.sidecar, &self.relays);
    }
}

fn server() -> Origin {
    Origin::http(|_| Reply::ok(BODY))
}

/// With two workers, whatever the machine has.
#[track_caller]
fn started(builder: Builder) -> Sidecar {
    builder.threads(2).start()
}

fn sent(sidecar: &Sidecar, relays: &[Relay], origins: &[Origin]) -> Sent {
    let connects = "forebay_upstream_connects_total";
    let metrics = sidecar.metrics();
    let of = |labels: &[(&str, &str)]| metrics.sum(connects, labels) as usize;
    let seen: usize = relays.iter().map(|relay| relay.requests(PATH)).sum();
    let origins = origins.iter().flat_map(Origin::requests);
    let arrived = origins.filter(|request| request.target == PATH).count();
    Sent {
        // What is encrypted is seen at its end only, and what is lost on its way only there.
        requests: seen.max(arrived),
        unconnected: of(&[]) - of(&[("outcome", "connected")]),
    }
}

/// Each has an answer in time, and the upstream had little more to do than without retries.
#[track_caller]
fn judge(what: &str, before: Sent, after: Sent, answers: &[Answer]) {
    let asked = answers.len();
    let tries = after.all() - before.all();
    let longest = answers.iter().map(|it| it.took).max().unwrap();
    let good = answers.iter().filter(|it| it.status == Some(200)).count();
    println!("{what}: {asked} asked, {good} good, {tries} tries, the longest took {longest:?}");
    for answer in answers {
        assert!(answer.took < DEADLINE + MARGIN, "{what}: {answer:?}");
        let known = matches!(answer.status, None | Some(200 | 502 | 503 | 504));
        assert!(known, "{what}: {answer:?}");
        let whole = answer.status != Some(200) || answer.text == BODY;
        assert!(whole, "{what}: {answer:?}");
    }
    let most = asked + asked / 4 + MIN_RETRIES;
    assert!(tries <= most, "{what}: {tries} tries for {asked} requests");
}

#[track_caller]
fn recovers(what: &str, mut sidecar: Sidecar, relays: &[Relay]) {
    let ((), took) = timed(|| {
        eventually(&format!("{what}: twenty answers in a row are good"), || {
            (0..20)
                .all(|_| sidecar.get(PATH).status == 200)
                .then_some(())
        });
    });
    println!("{what}: well again after {took:?}");
    assert!(took < RECOVERY, "{what}: only after {took:?}");
    for relay in relays {
        let before = relay.requests(PATH) + relay.connections();
        eventually(&format!("{what}: everybody is asked again"), || {
            let after = relay.requests(PATH) + relay.connections();
            let answer = sidecar.get(PATH);
            assert_eq!(answer.status, 200, "{what}: {answer:?}");
            (after > before).then_some(())
        });
    }
    // So many connections that each worker has some.
    for answer in Load::start(sidecar.address(), 32, 4, PATH).answers() {
        assert_eq!(answer.status, Some(200), "{what}: {answer:?}");
    }
    for left in ["in_flight", "queued"] {
        sidecar.wait_for_metric(&format!("forebay_capacity_{left}"), &[], 0.0);
    }
    sidecar.assert_alive();
}

// === impl Sent ===

impl Sent {
    fn all(self) -> usize {
        self.requests + self.unconnected
    }
}
