//! What the admin listener tells of breakers, and does with them.

use std::sync::Arc;

use admin::{BreakerLine, Breakers, BreakersMeant};
use proxy::{BreakerChoice, BreakerStatus, Sidecar};

pub(super) fn breakers(sidecar: &Arc<Sidecar>) -> Breakers {
    let (listed, reset) = (Arc::clone(sidecar), Arc::clone(sidecar));
    Breakers {
        list: Arc::new(move || listed.breakers().into_iter().map(line).collect()),
        reset: Arc::new(move |meant| reset.reset_breakers(&choice(meant))),
    }
}

fn line(status: BreakerStatus) -> BreakerLine {
    BreakerLine {
        scope: status.scope.as_str(),
        name: status.name,
        endpoint: status.endpoint,
        mode: status.mode.as_str(),
        position: status.position.as_str(),
        opened: status.opened,
        stopped: status.stopped,
    }
}

fn choice(meant: &BreakersMeant) -> BreakerChoice {
    BreakerChoice {
        route: meant.route.clone(),
        upstream: meant.upstream.clone(),
        endpoint: meant.endpoint.clone(),
    }
}
