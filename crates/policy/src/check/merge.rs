//! What a route's policies come to: named policies from left to right, then the route itself.
//!
//! Field by field, the last layer that says something wins. Each effective setting is noted with its
//! origin, so that `forebay explain` can point at the line that decided it. What only shows when the
//! layers are put together, or beside the route they are for, is reported from here.

mod batch;
mod breaker;
mod cache;
mod compression;
mod key;
mod lifetimes;
mod limits;
mod picker;
mod priority;

use crate::{
    BatchPolicy, Breaker, CachePolicy, CompressionPolicy, DeduplicationPolicy, LimitPolicy,
    PathPattern, Priority, Setting, file::At,
};

use super::{blocks::Blocks, findings::Findings, known::Known};

use batch::merge_batch;
use breaker::merge_breaker;
use cache::merge_cache;
use compression::merge_compression;
use limits::merge_limits;
use picker::{Picker, Stack, Wrong};
use priority::merge_priority;

pub(super) use breaker::{IN_A_ROW_AT_ONE, breaker_alone};

/// One source of settings: a named policy, or the route itself when it has no name.
pub(super) struct Layer<'f> {
    pub(super) policy: Option<&'f str>,
    pub(super) blocks: Blocks<'f>,
}

/// The route that the policies are for.
#[derive(Clone, Copy)]
pub(super) struct Governed<'r> {
    /// What may be shown of its name.
    pub(super) name: &'r str,
    /// Its path; `None` when that could not be read as written.
    pub(super) path: Option<&'r PathPattern>,
    /// The place of its upstream; `None` when there is none.
    pub(super) upstream: Option<usize>,
}

/// The policies of one route.
pub(super) struct Merged {
    pub(super) cache: Option<CachePolicy>,
    pub(super) compression: Option<CompressionPolicy>,
    pub(super) deduplication: Option<DeduplicationPolicy>,
    pub(super) rate_limits: Vec<LimitPolicy>,
    pub(super) batch: Option<BatchPolicy>,
    pub(super) breaker: Option<Breaker>,
    pub(super) priority: Option<Priority>,
    pub(super) settings: Vec<Setting>,
}

/// The policies of a route, and what is wrong with them together.
pub(super) fn merge(
    findings: &Findings<'_>,
    layers: &[Layer<'_>],
    known: &Known<'_>,
    route: Governed<'_>,
) -> (Merged, Vec<Wrong>) {
    let mut picker = Picker::new(findings);
    let cache = stack("cache", layers, |layer| layer.blocks.cache);
    let cache = cache.map(|stack| merge_cache(&mut picker, &stack, known, route));
    let compression = stack("compression", layers, |layer| layer.blocks.compression);
    let compression = compression.map(|stack| merge_compression(&mut picker, &stack));
    let deduplication = stack("deduplication", layers, |layer| layer.blocks.deduplication);
    let deduplication = deduplication.map(|stack| DeduplicationPolicy {
        mode: picker.mode(&stack, |block| block.mode.as_ref()),
    });
    let rate_limits = merge_limits(&mut picker, layers);
    let batch = merge_batch(&mut picker, layers, route);
    let breaker = stack("breaker", layers, |layer| layer.blocks.breaker);
    let breaker =
        breaker.map(|stack| merge_breaker(&mut picker, &stack, known, route.upstream, None));
    let priority = merge_priority(&mut picker, layers);
    let merged = Merged {
        cache,
        compression,
        deduplication,
        rate_limits,
        batch,
        breaker,
        priority,
        settings: picker.settings,
    };
    (merged, picker.wrong)
}

fn stack<'f, B>(
    prefix: &str,
    layers: &[Layer<'f>],
    get: impl Fn(&Layer<'f>) -> Option<&'f At<B>>,
) -> Option<Stack<'f, B>> {
    let layers: Vec<_> = layers
        .iter()
        .filter_map(|layer| get(layer).map(|block| (layer.policy, &block.value)))
        .collect();
    (!layers.is_empty()).then(|| Stack {
        prefix: prefix.to_owned(),
        layers,
    })
}
