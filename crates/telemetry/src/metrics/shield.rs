//! What is counted of the shield of one route.

use policy::{AttackCategory, Mode};

use super::{
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{
    catalogue,
    words::{ShieldDecision, Word},
};

/// The decisions of one shield, and the kinds of attacks it saw.
#[derive(Debug, Default)]
pub(super) struct ShieldSeries(Sharded<ShieldCells>);

#[derive(Debug, Default)]
struct ShieldCells {
    decisions: [Counter; ShieldDecision::ALL.len()],
    matches: [Counter; AttackCategory::ALL.len()],
}

// === impl ShieldSeries ===

impl ShieldSeries {
    pub(super) fn decided(&self, shard: Shard, decision: ShieldDecision) {
        let cells = self.0.get_or_init(shard, ShieldCells::default);
        cells.decisions[decision.slot()].add(shard, 1);
    }

    pub(super) fn matched(&self, shard: Shard, category: AttackCategory) {
        let cells = self.0.get_or_init(shard, ShieldCells::default);
        cells.matches[category.slot()].add(shard, 1);
    }

    pub(super) fn export(&self, sheet: &mut Sheet, route: &str, mode: Mode) {
        for decision in ShieldDecision::ALL {
            let count = self.0.sum(|cells| &cells.decisions[decision.slot()]);
            let labels = [route, decision.word(), mode.word()];
            sheet.counter(&catalogue::SHIELD_DECISIONS, &labels, count);
        }
        for category in AttackCategory::ALL {
            let count = self.0.sum(|cells| &cells.matches[category.slot()]);
            let labels = [route, category.word(), mode.word()];
            sheet.counter(&catalogue::SHIELD_MATCHES, &labels, count);
        }
    }
}
