//! Slow and obvious second opinions, and what several targets begin with.

use std::time::{Duration, UNIX_EPOCH};

use engine::{
    cache::{
        directives::CacheControl,
        freshness::Terms,
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    time::Now,
};
use http::{HeaderMap, StatusCode, header};

/// What every target knows of fields.
pub(crate) const DIRECTIVES: &[&str] = &[
    "no-store",
    "private",
    "private=\"set-cookie\"",
    "no-cache",
    "no-cache=\"x-a, x-b\"",
    "max-age=60",
    "s-maxage=0",
    "stale-while-revalidate=30",
    "stale-if-error=30",
    "must-revalidate",
    "proxy-revalidate",
    "must-understand",
    "public",
    "immutable",
    "max-stale",
    "min-fresh=5",
    "only-if-cached",
    "no-transform",
    ", ",
    "\"",
    "=",
    "max-age=\"1\\\"0\"",
];

/// Both clocks, `seconds` after 2024 began.
pub(crate) fn at(seconds: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(seconds),
        wall: UNIX_EPOCH + Duration::from_secs(1_704_067_200 + seconds),
    }
}

/// A response that came when the clocks began.
pub(crate) fn response(status: StatusCode, headers: &HeaderMap) -> ResponseHead<'_> {
    ResponseHead {
        status,
        headers,
        framing: Framing::Delimited,
        sent_at: at(0),
        received_at: at(0),
    }
}

/// What would be stored of a 200, whether or not it may be.
pub(crate) fn stored(response_fields: &HeaderMap, request: &HeaderMap) -> StoredMeta {
    let facts = ResponseFacts::read(response(StatusCode::OK, response_fields));
    StoredMeta::new(&facts, request, Terms::NONE, AcceptEncoding::Verbatim)
}

/// Whether anybody can see that no shared cache may keep it: a line without quotes has the bare word
/// `no-store` or `private`, and nothing stands beside it that would lift it.
pub(crate) fn plainly_forbids_storing(response: &HeaderMap) -> bool {
    let lines = || response.get_all(header::CACHE_CONTROL).iter();
    let is_lifted = lines().any(|line| {
        let line = line.as_bytes().to_ascii_lowercase();
        String::from_utf8_lossy(&line).contains("must-understand")
    });
    let is_replaced = response.contains_key("cdn-cache-control")
        || response.contains_key("forebay-cache-control");
    let mut plain = lines().filter(|line| !line.as_bytes().contains(&b'"'));
    !is_lifted && !is_replaced && plain.any(|line| says(line.as_bytes(), &["no-store", "private"]))
}

/// Whether a line without quotes has one of these words as a member of its list.
pub(crate) fn says(line: &[u8], words: &[&str]) -> bool {
    line.split(|byte| *byte == b',').any(|member| {
        let member = member.trim_ascii();
        let is = |word: &&str| member.eq_ignore_ascii_case(word.as_bytes());
        words.iter().any(is)
    })
}

/// Whether `after` restricts at least as much as `before`, and grants no more time.
pub(crate) fn is_no_laxer(after: &CacheControl, before: &CacheControl) -> bool {
    let kept = |then: bool, now: bool| !then || now;
    let no_longer = |then: Option<_>, now: Option<_>| match (then, now) {
        (Some(then), Some(now)) => now <= then,
        (then, _) => then.is_none(),
    };
    kept(before.no_store, after.no_store)
        && kept(before.must_revalidate, after.must_revalidate)
        && kept(before.must_understand, after.must_understand)
        && kept(before.no_transform, after.no_transform)
        && kept(before.only_if_cached, after.only_if_cached)
        && kept(before.proxy_revalidate, after.proxy_revalidate)
        && after.private >= before.private
        && after.no_cache >= before.no_cache
        && after.min_fresh >= before.min_fresh
        && no_longer(before.max_age, after.max_age)
        && no_longer(before.max_stale, after.max_stale)
        && no_longer(before.s_maxage, after.s_maxage)
        && no_longer(before.stale_if_error, after.stale_if_error)
        && no_longer(before.stale_while_revalidate, after.stale_while_revalidate)
}
