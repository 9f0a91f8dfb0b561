//! Each policy block by itself, wherever it stands: bounds, patterns, names.
//!
//! A block is checked once, where it is written, however many routes use it; merging then only picks.

use http::HeaderName;

use crate::{
    ByteSize, MediaTypePattern,
    diagnostic::Code,
    file::{
        At, BatchFile, BreakerFile, CacheFile, CompressionFile, DeduplicationFile, LimitFile,
        LimitKeyFile, PolicyFile, PriorityWord, RouteFile,
    },
};

use super::{
    batch::check_batch,
    cache::check_cache,
    findings::Findings,
    known::Known,
    names::{NameIs, Seen, check_name},
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
        check_compression(findings, &compression.value, memory);
    }
    if let Some(limits) = blocks.rate_limit {
        let mut names = Seen::default();
        for limit in &limits.value {
            check_limit(findings, limit, &mut names);
        }
    }
    if let Some(batch) = blocks.batch {
        check_batch(findings, &batch.value);
    }
    if let Some(breaker) = blocks.breaker {
        check_breaker(findings, &breaker.value, known);
    }
}

fn check_compression(findings: &mut Findings<'_>, compression: &CompressionFile, memory: ByteSize) {
    let min_size = compression.min_size.as_ref();
    findings.size(min_size, memory, (ByteSize::from_bytes(0), memory));
    if let Some(encodings) = &compression.encodings {
        if encodings.value.is_empty() {
            let message = "there is no coding to offer".to_owned();
            findings.error(
                encodings.node,
                Code::Empty,
                message,
                "to switch it off, write `mode: off`",
            );
        }
        for (index, encoding) in encodings.value.iter().enumerate() {
            let before = &encodings.value[..index];
            if before.iter().any(|other| other.value == encoding.value) {
                let message = "this coding is listed twice".to_owned();
                findings.error(encoding.node, Code::ListedTwice, message, "remove one");
            }
        }
    }
    if let Some(types) = &compression.types {
        if types.value.is_empty() {
            let message = "there is no type to compress".to_owned();
            findings.error(
                types.node,
                Code::Empty,
                message,
                "to switch it off, write `mode: off`",
            );
        }
        for kind in &types.value {
            check_media_type(findings, kind);
        }
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

fn check_limit(findings: &mut Findings<'_>, limit: &At<LimitFile>, names: &mut Seen) {
    match &limit.value.name {
        None => findings.missing(
            limit.node,
            "name",
            "every rate limit has a name, for its metrics",
        ),
        Some(name) => {
            let shown = findings.show(name).to_owned();
            check_name(findings, name.node, &name.value, NameIs::Value, &shown);
            names.add(findings, name.node, &name.value, "rate limit", &shown);
        }
    }
    findings.count(limit.value.burst.as_ref(), 1_u32, (1, 1_000_000));
    if let Some(rate) = &limit.value.rate {
        findings.rate_within_a_day(rate);
    }
    if let Some(key) = &limit.value.key
        && let LimitKeyFile::Header(header) = &key.value
        && HeaderName::from_bytes(header.value.as_bytes()).is_err()
    {
        let message = format!("`{}` is not the name of a header", findings.show(header));
        findings.error(
            header.node,
            Code::BadHeaderName,
            message,
            "such as `X-Api-Key`",
        );
    }
}
