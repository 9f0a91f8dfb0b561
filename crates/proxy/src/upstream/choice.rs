//! Who gets the next request: the balancers of `engine`, fed with what goes on here.
//!
//! A [`Chooser`] is what the choice needs for as long as the upstream lives; a [`Choice`] belongs to
//! one roster. In shadow mode, and when balancing is off, each endpoint has its turn; priorities and
//! health hold all the same, because they are the endpoints' own and not the balance's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::balance::{
    Asked, Balancer, HashFacts, HashKey, Loads, Member, PeakEwma, Pick,
    sticky::{self, Arrival, Binding, Bindings, StickyKey},
};
use http::HeaderValue;
use policy::{Balance, Balancing, Mode, Scheme, Upstream};

use super::{
    EndpointState,
    form::{Form, Latencies},
};
use crate::{
    clock,
    errand::Errand,
    sticky::{StickyKeyError, load_key},
};

/// What the choice among the endpoints of one upstream needs.
#[derive(Debug)]
pub(super) struct Chooser {
    /// What is followed.
    policy: Balancing,
    /// What is counted and not followed.
    shadow: Option<Balancing>,
    key: Option<StickyKey>,
    upstream: String,
    /// Requests in flight at all endpoints, where somebody wants to know.
    under_way: Option<Arc<AtomicUsize>>,
}

/// The choice among the endpoints of one roster.
#[derive(Debug)]
pub(super) struct Choice {
    followed: Balancer,
    shadow: Option<Balancer>,
    bindings: Option<Bindings>,
}

/// What goes on at the endpoints of a roster.
#[derive(Clone, Copy)]
struct GoingOn<'a> {
    endpoints: &'a [Arc<EndpointState>],
    under_way: Option<&'a AtomicUsize>,
}

// === impl Chooser ===

impl Chooser {
    /// For `upstream`; reads the key of its sticky cookies.
    pub(super) fn new(upstream: &Upstream) -> Result<Self, StickyKeyError> {
        let asked_for = &upstream.balancing;
        let in_turn = Balancing {
            balance: Balance::RoundRobin,
            spill_below: asked_for.spill_below,
            panic_below: asked_for.panic_below,
            ..Balancing::default()
        };
        let (policy, shadow) = match asked_for.mode {
            Mode::Enforce => (asked_for.clone(), None),
            Mode::Off => (in_turn, None),
            Mode::Shadow => (in_turn, Some(asked_for.clone())),
        };
        let counts = asked_for.mode != Mode::Off
            && asked_for.balance.hashes()
            && asked_for.bounded_load.is_some();
        Ok(Self {
            key: policy.sticky.as_ref().map(load_key).transpose()?,
            policy,
            shadow,
            upstream: upstream.name.clone(),
            under_way: counts.then(Arc::default),
        })
    }

    /// What is remembered of a new endpoint.
    pub(super) fn form(&self, since: Option<Duration>) -> Form {
        let looks = |policy: &Balancing| policy.balance == Balance::PeakEwma;
        let latencies = match looks(&self.policy) || self.shadow.as_ref().is_some_and(looks) {
            true => Latencies::Remembered,
            false => Latencies::Forgotten,
        };
        Form::new(latencies, self.under_way.as_ref(), since)
    }

    /// The choice among these, which takes the place of `before`.
    pub(super) fn choice(
        &self,
        members: &[Member<'_>],
        before: Option<&Choice>,
        now: Duration,
    ) -> Choice {
        let balancer = |policy: &Balancing, before| {
            Balancer::new(policy.balance, policy, members, now, before)
        };
        Choice {
            followed: balancer(&self.policy, before.map(|before| &before.followed)),
            shadow: self
                .shadow
                .as_ref()
                .map(|policy| balancer(policy, before.and_then(|before| before.shadow.as_ref()))),
            bindings: self.key.as_ref().map(|key| {
                let endpoints = members.iter().map(|member| member.endpoint);
                Bindings::new(key, &self.upstream, endpoints)
            }),
        }
    }

    /// Chooses among `endpoints`, whose choice it is, for `errand`; positions `tried` are left out.
    pub(super) fn choose(
        &self,
        choice: &Choice,
        endpoints: &[Arc<EndpointState>],
        errand: &Errand,
        tried: &[usize],
    ) -> Pick {
        let going_on = self.going_on(endpoints);
        let asked = Asked {
            tried,
            key: self.key_of(&self.policy, errand),
            bound: self.bound(choice, errand),
            chance: fastrand::u64(..),
            now: time_of(&self.policy),
        };
        choice.followed.pick(&asked, &going_on)
    }

    /// Whom the shadow would have chosen for the first try of `errand`.
    pub(super) fn shadow(
        &self,
        choice: &Choice,
        endpoints: &[Arc<EndpointState>],
        errand: &Errand,
    ) -> Option<Pick> {
        let (policy, balancer) = self.shadow.as_ref().zip(choice.shadow.as_ref())?;
        let asked = Asked {
            key: self.key_of(policy, errand),
            chance: fastrand::u64(..),
            now: time_of(policy),
            ..Asked::default()
        };
        Some(balancer.pick(&asked, &self.going_on(endpoints)))
    }

    /// The cookie that binds the client of `errand` to the endpoint at a position, unless it has one
    /// already; nobody asks for the position where clients are not bound.
    pub(super) fn cookie(
        &self,
        choice: &Choice,
        errand: &Errand,
        position: impl FnOnce() -> Option<usize>,
    ) -> Option<HeaderValue> {
        let sticky = self.policy.sticky.as_ref()?;
        let bindings = choice.bindings.as_ref()?;
        let position = position()?;
        if self.bound(choice, errand) == Some(position) {
            return None;
        }
        let arrival = match errand.arrival() {
            Scheme::Http => Arrival::Http,
            Scheme::Https => Arrival::Https,
        };
        sticky::set_cookie(sticky, bindings.value(position)?, arrival)
    }

    fn key_of(&self, policy: &Balancing, errand: &Errand) -> Option<HashKey> {
        policy.balance.hashes().then(|| {
            let facts = HashFacts {
                headers: &errand.head.headers,
                path: errand.head.uri.path(),
                pattern: &errand.route().matches.path,
                client: errand.client_ip,
            };
            HashKey::of(&policy.hash_on, &facts)
        })
    }

    /// The endpoint that the client of `errand` is bound to.
    fn bound(&self, choice: &Choice, errand: &Errand) -> Option<usize> {
        let sticky = self.policy.sticky.as_ref()?;
        let bindings = choice.bindings.as_ref()?;
        let mut ours = errand
            .crumbs
            .iter()
            .filter(|crumb| *crumb.name == *sticky.cookie);
        ours.find_map(|crumb| match bindings.read(&crumb.value) {
            Binding::Endpoint(at) => Some(at),
            Binding::Forged | Binding::Gone => None,
        })
    }

    fn going_on<'a>(&'a self, endpoints: &'a [Arc<EndpointState>]) -> GoingOn<'a> {
        GoingOn {
            endpoints,
            under_way: self.under_way.as_deref(),
        }
    }
}

/// What time it is, for a way of choosing that wants to know.
fn time_of(policy: &Balancing) -> Duration {
    match policy.balance {
        Balance::PeakEwma => clock::monotonic(),
        _ => Duration::ZERO,
    }
}

// === impl Choice ===

impl Choice {
    /// When another one is due (monotonic) although nothing but the time has changed.
    pub(super) fn due_at(&self) -> Option<Duration> {
        let shadow = self.shadow.as_ref().and_then(Balancer::rebuild_at);
        match (self.followed.rebuild_at(), shadow) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

// === impl GoingOn ===

impl Loads for GoingOn<'_> {
    fn in_flight(&self, endpoint: usize) -> usize {
        self.endpoints[endpoint].in_flight()
    }

    fn total_in_flight(&self) -> usize {
        let counted = self.under_way.map(|count| count.load(Ordering::Relaxed));
        counted.unwrap_or_default()
    }

    fn peak_ewma(&self, endpoint: usize) -> PeakEwma {
        self.endpoints[endpoint].form.peak_ewma()
    }
}
