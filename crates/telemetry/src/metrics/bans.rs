//! What penalty boxes tell of themselves at a scrape.

use std::sync::OnceLock;

use policy::Mode;

use super::export::Sheet;
use crate::{catalogue, words::Word};

/// One penalty box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanFigures {
    /// Its name.
    pub name: String,
    /// How far it may go.
    pub mode: Mode,
    /// How many callers are in it.
    pub banned: u64,
    /// How many bans began.
    pub begun: u64,
}

type Source = Box<dyn Fn() -> Vec<BanFigures> + Send + Sync>;

/// Where the figures come from.
#[derive(Default)]
pub(super) struct Bans(OnceLock<Source>);

// === impl Bans ===

impl Bans {
    pub(super) fn watch(&self, source: Source) {
        let _only_the_first_counts = self.0.set(source);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        let Some(figures) = self.0.get() else {
            return;
        };
        for of in figures() {
            let labels = [of.name.as_str(), of.mode.word()];
            sheet.gauge(&catalogue::BANS, &labels, of.banned as f64);
            sheet.counter_or_zero(&catalogue::BANS_BEGUN, &labels, of.begun);
        }
    }
}
