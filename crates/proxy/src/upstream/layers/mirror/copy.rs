//! One copy on its way.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use engine::{deadline::Whose, mirror::CopyOutcome};
use http_body_util::BodyExt;
use store::FillReservation;
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit, time::Instant};

use crate::{
    body::Awaiting,
    errand::Errand,
    upstream::{
        Call, Story, UpstreamState,
        call::{Asked, Turn, fetch_from},
        layers::deadline::Due,
    },
};

/// How long a copy may take where the upstream that gets it has no `timeouts.total`; one that never
/// ends would keep its place for ever.
const MOST_TIME: Duration = Duration::from_secs(60);
/// How much of an answer is read so that it looks wanted, and its connection can be kept.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A copy that will be sent when its body is here.
#[derive(Debug)]
pub(super) struct PendingCopy {
    pub(super) errand: Box<Errand>,
    /// The position of the upstream whose request it is a copy of.
    pub(super) of: u16,
    pub(super) to: Arc<UpstreamState>,
    pub(super) _place: OwnedSemaphorePermit,
    /// What its body counts against the memory promise.
    pub(super) _held: FillReservation,
}

// === impl PendingCopy ===

impl PendingCopy {
    /// Sends it, with this body.
    pub(super) fn send(mut self, content: Option<Bytes>) {
        // Without a runtime the process is at its end.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if let Some(content) = content {
            self.errand.fill(content);
        }
        runtime.spawn(async move {
            let outcome = self.exchange().await;
            self.count(outcome);
        });
    }

    async fn exchange(&self) -> CopyOutcome {
        let story = Story::default();
        let total = self.to.policy.timeouts.total.unwrap_or(MOST_TIME);
        let asked = Asked {
            errand: &self.errand,
            due: Some(Due {
                at: Instant::now() + total,
                whose: Whose::Operators,
            }),
            story: &story,
            turn: Turn::Copy,
        };
        let (order, _) = self.errand.order();
        let call = Call {
            order,
            asked,
            tried: Vec::new(),
        };
        let Ok(fetched) = fetch_from(&self.to, call).await else {
            return CopyOutcome::Failed;
        };
        let mut body = fetched.body;
        let mut left = MOST_BYTES;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return CopyOutcome::Failed;
            };
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        CopyOutcome::Answered
    }

    fn count(&self, outcome: CopyOutcome) {
        let metrics = self.errand.line().metrics;
        metrics.upstream_copy(self.of, outcome);
    }
}

impl Awaiting for PendingCopy {
    fn complete(self: Box<Self>, content: Bytes) {
        self.send(Some(content));
    }

    fn give_up(self: Box<Self>, why: CopyOutcome) {
        self.count(why);
    }
}
