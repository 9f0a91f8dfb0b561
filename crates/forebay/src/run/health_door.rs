//! What the admin listener is told about the health of endpoints, in its own words.

use std::{sync::Arc, time::Duration};

use admin::{Ejection, EndpointHealth, HealthOf, LastCheck};
use proxy::{HealthReport, Sidecar};

/// Answers questions about the health of endpoints.
pub(super) fn health(sidecar: Arc<Sidecar>) -> HealthOf {
    Arc::new(move |upstream, endpoint| {
        let report = sidecar.endpoint_health(upstream, endpoint)?;
        Some(told(&report, proxy::monotonic()))
    })
}

fn told(report: &HealthReport, now: Duration) -> EndpointHealth {
    let ago = |then: Duration| now.saturating_sub(then).as_secs();
    EndpointHealth {
        standing: report.standing.as_str(),
        because: report.because(),
        since_seconds_ago: ago(report.since),
        last_check: report.check.map(|check| LastCheck {
            outcome: check.outcome.as_str(),
            took_seconds: check.took.as_secs_f64(),
            seconds_ago: ago(check.at),
        }),
        ejection: report.ejection.map(|ejection| Ejection {
            reason: ejection.reason.as_str(),
            // Rounded up: one that has not come back yet has some time left.
            seconds_left: ejection
                .until
                .saturating_sub(now)
                .as_millis()
                .div_ceil(1000) as u64,
        }),
        ejections: report.ejections,
    }
}

#[cfg(test)]
mod tests {
    use engine::health::{Standing, check::CheckOutcome, outlier::Reason};
    use proxy::{CheckReport, EjectionReport};

    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let second = Duration::from_secs(1);
        let report = HealthReport {
            standing: Standing::Ejected,
            since: 10 * second,
            check: Some(CheckReport {
                outcome: CheckOutcome::Passed,
                took: second / 4,
                at: 12 * second,
            }),
            ejection: Some(EjectionReport {
                reason: Reason::SuccessRate,
                until: 40 * second,
            }),
            ejections: 3,
        };
        let told = told(&report, second * 29 / 2);
        assert_eq!(told.standing, "ejected");
        assert_eq!(told.because, Some("success-rate"));
        assert_eq!(told.since_seconds_ago, 4);
        assert_eq!(told.ejections, 3);
        let check = told.last_check.unwrap();
        assert_eq!(
            (check.outcome, check.took_seconds, check.seconds_ago),
            ("passed", 0.25, 2)
        );
        let ejection = told.ejection.unwrap();
        assert_eq!(
            (ejection.reason, ejection.seconds_left),
            ("success-rate", 26)
        );
    }
}
