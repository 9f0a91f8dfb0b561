//! A place for one connection: taken when it begins to be opened, free when it is closed.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use telemetry::Metrics;

use super::{Home, Shared, settle};
use crate::upstream::{connect::Agreed, tally::Tally};

/// A connection that is being opened; dropping it gives its place to whoever waits.
#[derive(Debug)]
pub(in crate::upstream) struct Opening(Option<Home>);

/// The place of a connection that stands.
#[derive(Debug)]
pub(in crate::upstream) struct Permit {
    /// The connections that the same worker has opened.
    opened: Arc<AtomicUsize>,
    /// Where it is counted, if anybody counts; weak, because unused connections are kept there.
    shared: Option<Weak<Shared>>,
}

// === impl Opening ===

impl Opening {
    /// For a place that is counted already.
    pub(super) fn new(home: &Home) -> Self {
        Self(Some(home.clone()))
    }

    /// The connection stands. Who hoped for a share of it learns that there is none; else sharing it
    /// tells them.
    pub(in crate::upstream) fn stands(
        mut self,
        agreed: Agreed,
        metrics: &Arc<Metrics>,
        upstream: u16,
    ) -> Arc<Tally> {
        let (opened, shared) = match self.0.take() {
            Some(home) => {
                home.with(|stock| stock.opened(Some(agreed)));
                let shared = home.shared.as_ref().map(Arc::downgrade);
                if agreed == Agreed::Http1 {
                    settle(&home);
                }
                (home.opened_by_me(), shared)
            }
            None => (Arc::default(), None),
        };
        opened.fetch_add(1, Ordering::Relaxed);
        Tally::new(metrics, upstream, Permit { opened, shared })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(home) = self.0.take() {
            home.with(|stock| {
                stock.opened(None);
                stock.closed();
            });
            settle(&home);
        }
    }
}

// === impl Permit ===

impl Drop for Permit {
    fn drop(&mut self) {
        self.opened.fetch_sub(1, Ordering::Relaxed);
        if let Some(shared) = self.shared.as_ref().and_then(Weak::upgrade) {
            shared.closed();
        }
    }
}
