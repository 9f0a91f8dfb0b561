//! Each policy block by itself, wherever it stands: bounds, patterns, names.
//!
//! A block is checked once, where it is written, however many routes use it; merging then only picks.

use crate::{
    ByteSize, MediaTypePattern,
    diagnostic::Code,
    file::{
        At, BanFile, BatchFile, BreakerFile, CacheFile, CompressionFile, ConcurrencyFile,
        DeduplicationFile, LimitFile, PolicyFile, PriorityWord, RouteFile, ShieldFile,
        TransformFile,
    },
};

use super::{
    batch::check_batch,
    cache::check_cache,
    compression::check_compression,
    findings::Findings,
    known::Known,
    limits::{check_ban, check_concurrency, check_limit},
    names::Seen,
    shield::check_shield,
    transform::check_transform,
    upstreams::check_breaker,
};

/// What `memory.limit` is at least.
pub(super) const SMALLEST_MEMORY: ByteSize = ByteSize::from_bytes(8 << 20);

/// The blocks of a named policy or of a route.
#[derive(Clone, Copy)]
pub(super) struct Blocks<'f> {
    pub(super) cache: Option<&'f At<CacheFile>>,
    pub(super) compression: Option<&'f At<CompressionFile>>,
    pub(super) deduplication: Option<&'f At<DeduplicationFile>>,
    pub(super) rate_limit: Option<&'f At<Vec<At<LimitFile>>>>,
    pub(super) concurrency: Option<&'f At<Vec<At<ConcurrencyFile>>>>,
    pub(super) bans: Option<&'f At<Vec<At<BanFile>>>>,
    pub(super) shield: Option<&'f At<ShieldFile>>,
    pub(super) transform: Option<&'f At<TransformFile>>,
    pub(super) batch: Option<&'f At<BatchFile>>,
    pub(super) breaker: Option<&'f At<BreakerFile>>,
    pub(super) priority: Option<&'f At<PriorityWord>>,
}

// === impl Blocks ===

impl<'f> Blocks<'f> {
    pub(super) fn of_policy(policy: &'f PolicyFile) -> Self {
        Self {
            cache: policy.cache.as_ref(),
            compression: policy.compression.as_ref(),
            deduplication: policy.deduplication.as_ref(),
            rate_limit: policy.rate_limit.as_ref(),
            concurrency: policy.concurrency.as_ref(),
            bans: policy.bans.as_ref(),
            shield: policy.shield.as_ref(),
            transform: policy.transform.as_ref(),
            batch: policy.batch.as_ref(),
            breaker: policy.breaker.as_ref(),
            priority: policy.priority.as_ref(),
        }
    }

    pub(super) fn of_route(route: &'f RouteFile) -> Self {
        Self {
            cache: route.cache.as_ref(),
            compression: route.compression.as_ref(),
            deduplication: route.deduplication.as_ref(),
            rate_limit: route.rate_limit.as_ref(),
            concurrency: route.concurrency.as_ref(),
            bans: route.bans.as_ref(),
            shield: route.shield.as_ref(),
            transform: route.transform.as_ref(),
            batch: route.batch.as_ref(),
            breaker: route.breaker.as_ref(),
            priority: route.priority.as_ref(),
        }
    }
}

pub(super) fn check_blocks(
    findings: &mut Findings<'_>,
    blocks: Blocks<'_>,
    memory: ByteSize,
    known: &mut Known<'_>,
) {
    // A limit that is too small has been reported; what would fit the smallest one is not wrong too.
    let memory = memory.max(SMALLEST_MEMORY);
    if let Some(cache) = blocks.cache {
        check_cache(findings, &cache.value, memory, known);
    }
    if let Some(compression) = blocks.compression {
        check_compression(findings, &compression.value, memory, known);
    }
    each(blocks.rate_limit, |limit, names| {
        check_limit(findings, limit, names, known);
    });
    each(blocks.concurrency, |limit, names| {
        check_concurrency(findings, limit, names, known);
    });
    each(blocks.bans, |ban, names| {
        check_ban(findings, ban, names, known);
    });
    if let Some(shield) = blocks.shield {
        check_shield(findings, &shield.value, known);
    }
    if let Some(transform) = blocks.transform {
        check_transform(findings, &transform.value);
    }
    if let Some(batch) = blocks.batch {
        check_batch(findings, &batch.value);
    }
    if let Some(breaker) = blocks.breaker {
        check_breaker(findings, &breaker.value, known);
    }
}

/// Each item of a list, and the names of those before it.
fn each<T>(list: Option<&At<Vec<At<T>>>>, mut check: impl FnMut(&At<T>, &mut Seen)) {
    let mut names = Seen::default();
    for item in list.map_or(&[][..], |at| &at.value) {
        check(item, &mut names);
    }
}

pub(super) fn check_media_type(findings: &mut Findings<'_>, kind: &At<String>) {
    if parse_media_type(&kind.value).is_none() {
        let message = format!("`{}` is not a media type pattern", findings.show(kind));
        let help = "write `text/html`, `text/*` or `application/*+json`, without parameters";
        findings.error(kind.node, Code::BadMediaType, message, help);
    }
}

/// Reads `text/html`, `text/*` or `application/*+json`.
pub(super) fn parse_media_type(text: &str) -> Option<MediaTypePattern> {
    let text = text.to_ascii_lowercase();
    let (kind, subtype) = text.split_once('/')?;
    let token = |part: &str| {
        let mut bytes = part.bytes();
        let plain = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
        !part.is_empty() && plain
    };
    if !token(kind) {
        return None;
    }
    if subtype == "*" {
        return Some(MediaTypePattern::Subtypes(kind.to_owned()));
    }
    if let Some(suffix) = subtype.strip_prefix('*') {
        let name = suffix.strip_prefix('+')?;
        return token(name).then(|| MediaTypePattern::Suffix {
            kind: kind.to_owned(),
            suffix: suffix.to_owned(),
        });
    }
    token(subtype).then_some(MediaTypePattern::Exact(text))
}
