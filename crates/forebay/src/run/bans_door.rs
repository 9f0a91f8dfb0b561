//! What the admin listener tells of bans, and does with them.

use std::sync::Arc;

use admin::{BanLine, Bans, BansMeant};
use proxy::{BanChoice, BanStatus, Sidecar};

pub(super) fn bans(sidecar: &Arc<Sidecar>) -> Bans {
    let (listed, lifted) = (Arc::clone(sidecar), Arc::clone(sidecar));
    Bans {
        list: Arc::new(move || listed.bans().into_iter().map(line).collect()),
        lift: Arc::new(move |meant| lifted.lift_bans(&choice(meant))),
    }
}

fn line(status: BanStatus) -> BanLine {
    BanLine {
        name: status.name,
        mode: status.mode.as_str(),
        caller: status.caller,
        began_seconds_ago: status.began.as_secs(),
        // Of the last second something is left.
        ends_in_seconds: status.left.as_millis().div_ceil(1000) as u64,
        count: status.count,
    }
}

fn choice(meant: &BansMeant) -> BanChoice {
    BanChoice {
        name: meant.name.clone(),
        caller: meant.caller.clone(),
    }
}
