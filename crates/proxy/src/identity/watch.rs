//! Looking for the keys again and again, away from the threads that serve clients.
//!
//! **In time.** Every `identity.refresh`, a little sooner, so that instances do not come together;
//! after a setback soon, and less and less often.
//!
//! **When a token names a key that is not held**: the issuer may just have begun to use a new one,
//! and until it is known all its users are nobody. Anybody can make up the name of a key, though, so
//! that this brings at most one look in [`EARLY`].

use std::{sync::Arc, time::Duration};

use engine::{
    discovery::Rhythm,
    identity::KeysRefreshed,
    security::{SecurityAction, SecurityKind},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Identity,
    source::{Setback, Source},
};
use crate::sidecar::Sidecar;

/// Between two looks that somebody's token brought about.
const EARLY: Duration = Duration::from_secs(10);

/// When to look.
pub(super) struct Appointments {
    rhythm: Rhythm,
    /// Not sooner for a token's sake.
    early_from: Instant,
}

/// Keeps the keys up to date, for good; ends at once where no tokens are looked at.
pub(crate) async fn watch(sidecar: Arc<Sidecar>) {
    let Some(identity) = sidecar.snapshot.load().identity.clone() else {
        return;
    };
    // It was read when the policies came into force.
    let Ok(source) = Source::of(&identity.policy.jwks) else {
        return;
    };
    let mut appointments = Appointments::new(identity.policy.refresh);
    let mut told = None;
    sidecar.metrics().identity_keys(identity.usable());
    if let Source::File(_) = source {
        appointments.wait(&identity, KeysRefreshed::Changed).await;
    }
    loop {
        let refreshed = look(&sidecar, &identity, &source, &mut told).await;
        if refreshed == KeysRefreshed::Changed {
            identity.nobody_missed();
        }
        appointments.wait(&identity, refreshed).await;
    }
}

/// One look; `told` is what was the matter last.
async fn look(
    sidecar: &Sidecar,
    identity: &Identity,
    source: &Source,
    told: &mut Option<Setback>,
) -> KeysRefreshed {
    let taken = match source.look(&sidecar.tls).await {
        Ok(text) => identity
            .hold(&text)
            .map_err(|error| Setback::new(KeysRefreshed::Invalid, error.to_string())),
        Err(setback) => Err(setback),
    };
    let keys = identity.usable();
    let refreshed = match taken {
        Ok(refreshed) => {
            if refreshed == KeysRefreshed::Changed || told.is_some() {
                tracing::info!(
                    keys,
                    outcome = refreshed.as_str(),
                    "the keys for tokens are known"
                );
            }
            *told = None;
            refreshed
        }
        Err(setback) => {
            let outcome = setback.outcome;
            let evidence = format!("{}: {}; {keys} keys held", outcome.as_str(), setback.reason);
            let kind = SecurityKind::KeysUnavailable;
            sidecar.tell(kind, SecurityAction::Noted, None, &evidence);
            if told.as_ref() != Some(&setback) {
                let (outcome, reason) = (outcome.as_str(), &setback.reason);
                tracing::warn!(
                    outcome,
                    reason,
                    keys,
                    "the keys for tokens stay as they were"
                );
            }
            *told = Some(setback);
            outcome
        }
    };
    let metrics = sidecar.metrics();
    metrics.identity_keys(keys);
    metrics.identity_refreshed(refreshed);
    refreshed
}

// === impl Appointments ===

impl Appointments {
    pub(super) fn new(refresh: Duration) -> Self {
        Self {
            rhythm: Rhythm::new(refresh / 10 * 9, refresh),
            early_from: Instant::now(),
        }
    }

    /// Waits until the next look is due, or a token asks for one.
    pub(super) async fn wait(&mut self, identity: &Identity, refreshed: KeysRefreshed) {
        let dice = fastrand::u32(..);
        let wait = match refreshed {
            KeysRefreshed::Changed | KeysRefreshed::Unchanged => {
                self.rhythm.answered(identity.policy.refresh, dice)
            }
            _ => self.rhythm.set_back(dice),
        };
        let early = async {
            identity.missed.notified().await;
            sleep_until(self.early_from).await;
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = early => self.early_from = Instant::now() + EARLY,
        }
    }
}
