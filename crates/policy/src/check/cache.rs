//! The cache: each block by itself, wherever it stands, and the section about the cache as a whole.

mod key;
mod lifetimes;
mod settings;
mod warm;

use crate::{
    ByteSize,
    diagnostic::Code,
    file::{At, CacheFile},
};

use super::{findings::Findings, known::Known};

use key::check_key;
use lifetimes::check_lifetimes;

pub(super) use key::{check_claim, check_cookie, not_verified, of_one_connection};
pub(super) use lifetimes::{early_refresh, read_negative, read_strategy};
pub(super) use settings::check_cache_settings;

const MOST_TAGS: usize = 16;
const LONGEST_TAG: usize = 128;

pub(super) fn check_cache(
    findings: &mut Findings<'_>,
    cache: &CacheFile,
    memory: ByteSize,
    known: &mut Known<'_>,
) {
    if let Some(strategy) = &cache.strategy {
        known.use_strategy(findings, strategy);
    }
    check_lifetimes(findings, cache.lifetimes());
    let max_object = cache.max_object.as_ref();
    findings.size(max_object, memory, (ByteSize::from_bytes(1), memory));
    findings.count(cache.max_variants.as_ref(), 32_u16, (1, 1024));
    if let Some(key) = &cache.key {
        check_key(findings, &key.value, known);
    }
    if let Some(tags) = &cache.tags {
        findings.at_most(tags, MOST_TAGS, "tags");
        for tag in &tags.value {
            check_tag(findings, tag);
        }
        findings.listed_once(&tags.value, |one, other| one == other);
    }
}

fn check_tag(findings: &mut Findings<'_>, tag: &At<String>) {
    let text = &tag.value;
    // They travel in lists: `Cache-Tag` separates with commas, `Surrogate-Key` with spaces.
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b',');
    let why = if text.is_empty() || text.len() > LONGEST_TAG || !plain {
        "it has 1 to 128 printable ASCII characters, without space and comma"
    } else if placeholders(text).is_none() {
        "`{..}` holds the name of a parameter of the route's path, such as `product-{id}`"
    } else {
        return;
    };
    let message = format!("`{}` is not a tag", findings.show(tag));
    findings.error(tag.node, Code::BadTag, message, why);
}

/// The names between braces, in order; `None` when the braces make no sense.
pub(super) fn placeholders(tag: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = tag;
    while let Some(at) = rest.find(['{', '}']) {
        let (name, after) = rest[at..].strip_prefix('{')?.split_once('}')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return None;
        }
        names.push(name);
        rest = after;
    }
    Some(names)
}
