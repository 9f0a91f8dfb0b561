//! The penalty boxes of a sidecar as its operator sees them.

use std::time::Duration;

use engine::security::{SecurityAction, SecurityKind};
use policy::Mode;
use store::BansMeant;
use telemetry::{BanFigures, SecurityEvent};

use crate::{clock, sidecar::Sidecar};

/// A caller that is shut out, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanStatus {
    /// The name of the box.
    pub name: String,
    /// How far the box may go.
    pub mode: Mode,
    /// The caller: an address, or what it is known by and part of a hash.
    pub caller: String,
    /// How long ago it began.
    pub began: Duration,
    /// How much longer it lasts.
    pub left: Duration,
    /// Which one of this caller's it is, from 1.
    pub count: u32,
}

/// Which bans an operator means; what is `None` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BanChoice {
    /// Those in this box.
    pub name: Option<String>,
    /// Those of this caller, as [`BanStatus`] names it.
    pub caller: Option<String>,
}

// === impl Sidecar ===

impl Sidecar {
    /// Everybody who is shut out, those whose ban began first in front.
    pub fn bans(&self) -> Vec<BanStatus> {
        let now = clock::monotonic();
        let all = self.penalties.list(now).into_iter();
        all.map(|banned| BanStatus {
            name: banned.name.to_string(),
            mode: banned.mode,
            caller: banned.caller.into(),
            began: now.saturating_sub(banned.ban.began),
            left: banned.ban.end().saturating_sub(now),
            count: banned.ban.nth,
        })
        .collect()
    }

    /// Ends the bans that are meant, and says how many those are.
    pub fn lift_bans(&self, choice: &BanChoice) -> usize {
        let meant = BansMeant {
            name: choice.name.as_deref(),
            caller: choice.caller.as_deref(),
        };
        let now = clock::now();
        let lifted = self.penalties.lift(meant, now.monotonic);
        let snapshot = self.snapshot.load();
        for banned in &lifted {
            let event = SecurityEvent {
                at: now,
                kind: SecurityKind::BanLifted,
                action: SecurityAction::Noted,
                client: banned.caller.parse().ok(),
                route: None,
                policy: Some(&banned.name),
                evidence: &banned.caller,
                request_id: None,
            };
            self.security.tell(&snapshot.metrics, &event);
        }
        lifted.len()
    }

    /// The boxes of the policies in force, those of one name together.
    pub fn ban_figures(&self) -> Vec<BanFigures> {
        let mut figures: Vec<BanFigures> = Vec::new();
        let snapshot = self.snapshot.load();
        for one in snapshot.boxes.iter().flat_map(|boxes| boxes.each()) {
            let known = |of: &BanFigures| *of.name == *one.name && of.mode == one.mode;
            if !figures.iter().any(known) {
                figures.push(BanFigures {
                    name: one.name.to_string(),
                    mode: one.mode,
                    banned: 0,
                    begun: self.penalties.begun(&one.name, one.mode),
                });
            }
        }
        for banned in self.penalties.list(clock::monotonic()) {
            let of =
                (figures.iter_mut()).find(|of| *of.name == *banned.name && of.mode == banned.mode);
            if let Some(of) = of {
                of.banned += 1;
            }
        }
        figures
    }
}
