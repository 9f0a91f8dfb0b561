//! What who balances remembers of an endpoint.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::{
    attempt::Attempt,
    balance::{PeakEwma, Standing},
    health::Standing as Health,
};

use crate::clock;

/// It has been well for as long as anybody remembers.
const ALWAYS: u64 = 0;
/// It is not well.
const NOT: u64 = u64::MAX;

/// How an endpoint has done; what the way of choosing does not look at is not kept.
#[derive(Debug)]
pub(crate) struct Form {
    peak_ewma: Option<AtomicU64>,
    /// Microseconds of the monotonic clock, [`ALWAYS`], or [`NOT`].
    well_since: AtomicU64,
    in_flight: AtomicUsize,
    /// Of the whole upstream.
    under_way: Option<Arc<AtomicUsize>>,
}

/// Whether latencies are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latencies {
    Forgotten,
    Remembered,
}

// === impl Form ===

impl Form {
    /// Of a new endpoint; `since` is when it appeared (monotonic), or `None` for one that was there
    /// when the process began.
    pub(super) fn new(
        latencies: Latencies,
        under_way: Option<&Arc<AtomicUsize>>,
        since: Option<Duration>,
    ) -> Self {
        Self {
            peak_ewma: (latencies == Latencies::Remembered).then(AtomicU64::default),
            well_since: AtomicU64::new(since.map_or(ALWAYS, since_then)),
            in_flight: AtomicUsize::new(0),
            under_way: under_way.map(Arc::clone),
        }
    }

    /// One more request is in flight.
    pub(super) fn begins(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        if let Some(under_way) = &self.under_way {
            under_way.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One less.
    pub(super) fn ends(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(under_way) = &self.under_way {
            under_way.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The requests it has now.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// A try has ended.
    pub(super) fn attempted(&self, attempt: &Attempt) {
        if let Some(state) = &self.peak_ewma {
            let now = clock::monotonic();
            let after = |bits| Some(PeakEwma::unpack(bits).after(*attempt, now).pack());
            let _always = state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        }
    }

    /// How fast it has answered.
    pub(super) fn peak_ewma(&self) -> PeakEwma {
        let state = self.peak_ewma.as_ref();
        state.map_or_else(PeakEwma::default, |state| {
            PeakEwma::unpack(state.load(Ordering::Relaxed))
        })
    }

    /// Its standing at `now` (monotonic), now that its health is this; who has recovered since it
    /// was last asked is well from now on.
    pub(super) fn standing(&self, health: Health, now: Duration) -> Standing {
        let since = match (health, self.well_since.load(Ordering::Relaxed)) {
            (Health::Ejected | Health::Ill, _) => NOT,
            (Health::Well, NOT) => since_then(now),
            (Health::Well, since) => since,
        };
        self.well_since.store(since, Ordering::Relaxed);
        match since {
            NOT => Standing::Ill,
            ALWAYS => Standing::Well { since: None },
            since => Standing::Well {
                since: Some(Duration::from_micros(since)),
            },
        }
    }
}

fn since_then(now: Duration) -> u64 {
    u64::try_from(now.as_micros()).map_or(NOT - 1, |now| now.clamp(ALWAYS + 1, NOT - 1))
}

#[cfg(test)]
mod tests {
    use engine::attempt::AttemptEnd;

    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    fn well(since: Option<Duration>) -> Standing {
        Standing::Well { since }
    }

    #[test]
    fn who_recovers_is_well_from_then_on() {
        let form = Form::new(Latencies::Forgotten, None, None);
        let later = NOW + Duration::from_secs(1);
        assert_eq!(form.standing(Health::Well, NOW), well(None));
        assert_eq!(form.standing(Health::Ill, NOW), Standing::Ill);
        assert_eq!(form.standing(Health::Well, NOW), well(Some(NOW)));
        assert_eq!(form.standing(Health::Well, later), well(Some(NOW)));
        let new = Form::new(Latencies::Forgotten, None, Some(later));
        assert_eq!(new.standing(Health::Well, later), well(Some(later)));
    }

    #[tokio::test(start_paused = true)]
    async fn latencies_are_kept_where_somebody_wants_them() {
        let attempt = Attempt {
            end: AttemptEnd::Answered {
                status: 200,
                retry_after: None,
            },
            took: Duration::from_millis(20),
        };
        for (latencies, wanted) in [
            (Latencies::Remembered, Some(Duration::from_millis(20))),
            (Latencies::Forgotten, None),
        ] {
            let form = Form::new(latencies, None, None);
            form.attempted(&attempt);
            assert_eq!(form.peak_ewma().estimate(clock::monotonic()), wanted);
        }
    }

    #[test]
    fn what_is_under_way_is_counted_for_all_as_well() {
        let all = Arc::new(AtomicUsize::new(0));
        let forms = [(); 2].map(|()| Form::new(Latencies::Forgotten, Some(&all), None));
        forms[0].begins();
        forms[1].begins();
        forms[0].ends();
        assert_eq!((forms[0].in_flight(), forms[1].in_flight()), (0, 1));
        assert_eq!(all.load(Ordering::Relaxed), 1);
    }
}
