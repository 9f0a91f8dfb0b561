//! What a route's policies come to: named policies from left to right, then the route itself.
//!
//! Field by field, the last layer that says something wins. Each effective setting is noted with its
//! origin, so that `forebay explain` can point at the line that decided it. What only shows when the
//! layers are put together, or beside the route they are for, is reported from here.

mod bans;
mod batch;
mod breaker;
mod cache;
mod caller;
mod compression;
mod concurrency;
mod key;
mod lifetimes;
mod limits;
mod named;
mod picker;
mod priority;
mod shield;
mod transform;

use crate::{
    BanPolicy, BatchPolicy, Breaker, CachePolicy, CompressionPolicy, ConcurrencyPolicy,
    DeduplicationPolicy, LimitPolicy, PathPattern, Priority, Setting, ShieldPolicy,
    TransformPolicy, file::At, tree::NodeId,
};

use super::{blocks::Blocks, findings::Findings, known::Known};

use bans::{Countable, merge_bans};
use batch::merge_batch;
use breaker::merge_breaker;
use cache::merge_cache;
use compression::merge_compression;
use concurrency::{concurrency_by_name, merge_concurrency};
use limits::{limits_by_name, merge_limits};
use picker::{Picker, Stack};
use priority::merge_priority;
use shield::merge_shield;
use transform::merge_transform;

pub(super) use breaker::{IN_A_ROW_AT_ONE, breaker_alone};
pub(super) use picker::Wrong;

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
    /// Where the last word on its dictionary is.
    pub(super) dictionary: Option<NodeId>,
    pub(super) deduplication: Option<DeduplicationPolicy>,
    pub(super) rate_limits: Vec<LimitPolicy>,
    pub(super) concurrency: Vec<ConcurrencyPolicy>,
    /// Each with the last place that gives its name.
    pub(super) bans: Vec<(BanPolicy, NodeId)>,
    pub(super) shield: Option<ShieldPolicy>,
    pub(super) transform: Option<TransformPolicy>,
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
    let dictionary = compression.as_ref();
    let dictionary = dictionary.and_then(|stack| stack.said(|block| block.dictionary.as_ref()));
    let compression = compression.map(|stack| merge_compression(&mut picker, &stack, known));
    let deduplication = stack("deduplication", layers, |layer| layer.blocks.deduplication);
    let deduplication = deduplication.map(|stack| DeduplicationPolicy {
        mode: picker.mode(&stack, |block| block.mode.as_ref()),
    });
    let rates = limits_by_name(&picker, layers);
    let rate_limits = merge_limits(&mut picker, &rates, known, route);
    let slots = concurrency_by_name(&picker, layers);
    let concurrency = merge_concurrency(&mut picker, &slots, &rates, route);
    let shield = stack("shield", layers, |layer| layer.blocks.shield);
    let shield = shield.map(|stack| merge_shield(&mut picker, &stack));
    let countable = Countable::new(
        findings,
        (&rates, &rate_limits),
        (&slots, &concurrency),
        shield.as_ref(),
    );
    let bans = merge_bans(&mut picker, layers, &countable, route);
    let transform = stack("transform", layers, |layer| layer.blocks.transform);
    let transform = transform.map(|stack| merge_transform(&mut picker, &stack));
    let batch = merge_batch(&mut picker, layers, route);
    let breaker = stack("breaker", layers, |layer| layer.blocks.breaker);
    let breaker =
        breaker.map(|stack| merge_breaker(&mut picker, &stack, known, route.upstream, None));
    let priority = merge_priority(&mut picker, layers);
    let merged = Merged {
        cache,
        compression,
        dictionary,
        deduplication,
        rate_limits,
        concurrency,
        bans,
        shield,
        transform,
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
