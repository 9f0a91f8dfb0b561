//! All that is known about the endpoints of one upstream, and what follows from it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use engine::health::{
    Standing,
    check::{CheckState, Condition, Turn},
    outlier::{Detector, Reason, Ruling},
};
use policy::Mode;
use telemetry::Metrics;
use tokio::task::JoinHandle;

use super::{CheckReport, HealthReport, gauge::StandingGauge};
use crate::upstream::{EndpointState, UpstreamState};

/// The endpoints of one upstream, as their watcher knows them.
pub(super) struct Ward {
    upstream: Arc<UpstreamState>,
    metrics: Arc<Metrics>,
    detector: Option<Detector>,
    /// By the ids of the endpoints.
    patients: BTreeMap<u64, Patient>,
    told: Told,
}

/// Whether the roster says what is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    NotYet,
    True,
}

/// One endpoint.
struct Patient {
    gauge: StandingGauge,
    check: Option<CheckState>,
    endpoint: Arc<EndpointState>,
    /// Who asks it, time and again.
    _asking: Option<Asking>,
}

/// The task that asks one endpoint; dropping it ends the task.
pub(super) struct Asking(pub(super) JoinHandle<()>);

/// How one check ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    /// The id of the endpoint.
    pub(super) endpoint: u64,
    pub(super) report: CheckReport,
}

// === impl Ward ===

impl Ward {
    pub(super) fn new(upstream: &Arc<UpstreamState>, metrics: Arc<Metrics>) -> Self {
        let outliers = upstream.policy.outliers.as_ref();
        let outliers = outliers.filter(|outliers| outliers.mode != Mode::Off);
        Self {
            upstream: Arc::clone(upstream),
            metrics,
            detector: outliers.map(Detector::new),
            patients: BTreeMap::new(),
            told: Told::True,
        }
    }

    /// From now on these are the endpoints; `ask` begins to ask one that is new.
    pub(super) fn meet(
        &mut self,
        endpoints: &[Arc<EndpointState>],
        ask: impl Fn(&Arc<EndpointState>) -> Option<Asking>,
        now: Duration,
    ) {
        let mut before = std::mem::take(&mut self.patients);
        for endpoint in endpoints {
            let patient = match before.remove(&endpoint.id) {
                Some(patient) => patient,
                None => self.admit(endpoint, ask(endpoint), now),
            };
            self.patients.insert(endpoint.id, patient);
        }
        if let Some(detector) = &mut self.detector {
            for id in detector.adopt(self.patients.keys().copied()) {
                self.returned(id, now);
            }
        }
    }

    /// Nothing is known of an endpoint that comes, even if it has been here before: it counts as well.
    fn admit(
        &mut self,
        endpoint: &Arc<EndpointState>,
        asking: Option<Asking>,
        now: Duration,
    ) -> Patient {
        let report = HealthReport {
            since: now,
            ..HealthReport::default()
        };
        endpoint.vitals.tell(report);
        if endpoint.standing() != report.standing {
            endpoint.vitals.becomes(report.standing);
            self.told = Told::NotYet;
        }
        let (upstream, slot) = (self.upstream.position, endpoint.slot);
        let policy = self.upstream.policy.health_check.as_ref();
        Patient {
            gauge: StandingGauge::new(&self.metrics, upstream, slot, report.standing),
            check: policy.map(CheckState::new),
            endpoint: Arc::clone(endpoint),
            _asking: asking,
        }
    }

    /// A check has ended.
    pub(super) fn checked(&mut self, checked: &Checked, now: Duration) {
        let Some(patient) = self.patients.get_mut(&checked.endpoint) else {
            return;
        };
        let outcome = checked.report.outcome;
        let endpoint = &patient.endpoint;
        self.metrics
            .health_check(self.upstream.position, endpoint.slot, outcome);
        let mut report = endpoint.vitals.report();
        report.check = Some(checked.report);
        endpoint.vitals.tell(report);
        if let Some(check) = &mut patient.check
            && check.record(outcome) != Turn::Same
        {
            self.review(checked.endpoint, now);
        }
    }

    /// Looks at those who had too many failures in a row.
    pub(super) fn look(&mut self, now: Duration) {
        let suspects: Vec<u64> = self
            .patients
            .iter()
            .filter(|(_, patient)| patient.endpoint.vitals.take_suspicion())
            .map(|(id, _)| *id)
            .collect();
        for id in suspects {
            if let Some(detector) = &mut self.detector {
                let ruling = detector.convict(id, Reason::ConsecutiveFailures, now);
                self.ruled(id, Reason::ConsecutiveFailures, ruling, now);
            }
        }
    }

    /// Compares the endpoints by what they have answered since this was last done.
    pub(super) fn compare(&mut self, now: Duration) {
        let Some(detector) = &mut self.detector else {
            return;
        };
        let counts: Vec<_> = self
            .patients
            .iter()
            .filter_map(|(id, patient)| Some((*id, patient.endpoint.vitals.tally()?.take())))
            .collect();
        for (id, ruling) in detector.compare(&counts, now) {
            self.ruled(id, Reason::SuccessRate, ruling, now);
        }
    }

    /// Lets those come back who have been left out long enough.
    pub(super) fn release(&mut self, now: Duration) {
        let Some(detector) = &mut self.detector else {
            return;
        };
        for id in detector.release(now) {
            self.returned(id, now);
        }
    }

    /// When the next one comes back.
    pub(super) fn next_release(&self) -> Option<Duration> {
        self.detector.as_ref().and_then(Detector::next_release)
    }

    /// Makes the roster say what is known, and then the metrics: what they tell has happened.
    pub(super) fn settle(&mut self) {
        if self.told == Told::True {
            return;
        }
        self.upstream.rebuild();
        self.told = Told::True;
        for patient in self.patients.values_mut() {
            patient.gauge.becomes(patient.endpoint.standing());
        }
    }

    fn ruled(&mut self, id: u64, reason: Reason, ruling: Ruling, now: Duration) {
        let (Some(detector), Some(patient)) = (&self.detector, self.patients.get(&id)) else {
            return;
        };
        let (upstream, endpoint) = (self.upstream.policy.name.as_str(), &patient.endpoint);
        let (authority, why) = (&endpoint.authority, reason.as_str());
        match (ruling, detector.mode()) {
            (Ruling::Already, _) => return,
            (Ruling::Spared, _) => {
                tracing::debug!(upstream, endpoint = %authority, reason = why, "outlier spared: too many are left out");
                return;
            }
            (Ruling::Ejected(sentence), Mode::Shadow) => {
                let length = sentence.until.saturating_sub(sentence.since);
                tracing::info!(upstream, endpoint = %authority, reason = why, ?length, "outlier would be left out");
            }
            (Ruling::Ejected(sentence), _) => {
                let length = sentence.until.saturating_sub(sentence.since);
                tracing::debug!(upstream, endpoint = %authority, reason = why, ?length, "outlier left out");
            }
        }
        self.metrics.ejection(
            self.upstream.position,
            endpoint.slot,
            reason,
            detector.mode(),
        );
        self.review(id, now);
    }

    /// An endpoint that was left out gets requests again, and begins anew.
    fn returned(&mut self, id: u64, now: Duration) {
        if let Some(patient) = self.patients.get(&id)
            && let Some(tally) = patient.endpoint.vitals.tally()
        {
            tally.reset();
        }
        self.review(id, now);
    }

    /// Draws the conclusion about one endpoint, and makes it known.
    fn review(&mut self, id: u64, now: Duration) {
        let Some(patient) = self.patients.get_mut(&id) else {
            return;
        };
        let vitals = &patient.endpoint.vitals;
        let mut report = vitals.report();
        let mut ejected = Standing::Well;
        if let Some(detector) = &self.detector {
            report.ejection = detector.sentence(id).map(Into::into);
            report.ejections = detector.ejections(id);
            if report.ejection.is_some() && detector.mode() == Mode::Enforce {
                ejected = Standing::Ejected;
            }
        }
        let condition = patient
            .check
            .map_or(Condition::Unknown, |check| check.condition());
        let standing = Standing::of(condition, ejected == Standing::Ejected);
        let before = std::mem::replace(&mut report.standing, standing);
        if before != standing {
            report.since = now;
        }
        vitals.tell(report);
        if before == standing {
            return;
        }
        vitals.becomes(standing);
        self.told = Told::NotYet;
        let (upstream, endpoint) = (
            self.upstream.policy.name.as_str(),
            &patient.endpoint.authority,
        );
        let (before, after) = (before.as_str(), standing.as_str());
        match report.because() {
            Some(because) => {
                tracing::warn!(upstream, %endpoint, before, standing = after, because, "endpoint is not well");
            }
            None => {
                tracing::info!(upstream, %endpoint, before, standing = after, "endpoint is well again");
            }
        }
    }
}

// === impl Asking ===

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
