//! The limits on callers as the operator sees them.

use telemetry::LimitFigures;

use crate::sidecar::Sidecar;

// === impl Sidecar ===

impl Sidecar {
    /// How the limits on callers are used.
    pub fn limit_figures(&self) -> LimitFigures {
        let cells = self.limiter.figures();
        let snapshot = self.snapshot.load();
        let routes = snapshot.policies.routes.iter().zip(&snapshot.limits);
        let in_flight = routes.flat_map(|(route, limits)| {
            let rules = limits.places.iter();
            rules.map(|rule| {
                let (route, limit) = (route.name.clone(), rule.name.to_string());
                (route, limit, rule.tally.in_flight())
            })
        });
        let routes = snapshot.policies.routes.iter().zip(&snapshot.limits);
        let tightened = routes.flat_map(|(route, limits)| {
            let rules = limits.rates.iter();
            rules.filter_map(|rule| {
                let (route, limit) = (route.name.clone(), rule.name.to_string());
                Some((route, limit, rule.tightened()?))
            })
        });
        LimitFigures {
            tightened: tightened.collect(),
            callers: cells.callers,
            shared: cells.shared,
            waiting: self.waiting_room.waiting() as u64,
            in_flight: in_flight.collect(),
        }
    }
}
