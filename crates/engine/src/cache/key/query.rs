//! What is left of a query in a key: nothing that the operator or the origin said does not matter.
//!
//! Parameters are compared as they are spelled. A query means whatever the origin makes of it, so
//! only what somebody vouched for is left out or put in order; two spellings of the same thing cost
//! a miss, never a wrong answer. Sorting is by name alone and stable, because the order of several
//! values of one name often matters.

use policy::QueryKey;

use crate::cache::search::SearchVariance;

/// What is left of a query.
pub(super) enum Kept {
    /// No parameter takes part, so that it is as if there were no query.
    Nothing,
    /// Parameters, or an empty query that was empty from the start.
    Something,
}

/// The query as it stands in a key, `None` when nothing of it does.
///
/// A purge of a URL has to name what is stored, so it is asked for by this query.
pub fn canonical(text: &str, query: &QueryKey, search: Option<&SearchVariance>) -> Option<String> {
    let mut kept = Vec::with_capacity(text.len());
    match append_kept(text, query, search, &mut kept) {
        Kept::Nothing => None,
        // Whole parameters of a text, put together again.
        Kept::Something => Some(String::from_utf8_lossy(&kept).into_owned()),
    }
}

/// Whether the query goes into the key as it is, which is the plain case and the fast one.
pub(super) fn is_verbatim(query: &QueryKey, search: Option<&SearchVariance>) -> bool {
    query.ignore.is_empty() && query.keep.is_none() && !query.sort && search.is_none()
}

/// Appends the parameters that take part.
pub(super) fn append_kept(
    text: &str,
    query: &QueryKey,
    search: Option<&SearchVariance>,
    out: &mut Vec<u8>,
) -> Kept {
    let takes_part = |parameter: &&str| takes_part(parameter, query, search);
    let sorted = query.sort || search.is_some_and(SearchVariance::ignores_order);
    let kept = if sorted {
        let mut parameters: Vec<_> = text.split('&').filter(takes_part).collect();
        parameters.sort_by_key(|parameter| name(parameter));
        join(parameters.into_iter(), out)
    } else {
        join(text.split('&').filter(takes_part), out)
    };
    if kept == 0 {
        Kept::Nothing
    } else {
        Kept::Something
    }
}

fn join<'a>(parameters: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) -> usize {
    let mut kept = 0;
    for parameter in parameters {
        if kept > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(parameter.as_bytes());
        kept += 1;
    }
    kept
}

fn takes_part(parameter: &str, query: &QueryKey, search: Option<&SearchVariance>) -> bool {
    let name = name(parameter);
    // `a=1&&b=2` has an empty parameter that no form means.
    let vouched = |search: &SearchVariance| !parameter.is_empty() && search.varies_by(name);
    !names(&query.ignore, name)
        && query.keep.as_ref().is_none_or(|keep| names(keep, name))
        && search.is_none_or(vouched)
}

fn name(parameter: &str) -> &str {
    parameter
        .split_once('=')
        .map_or(parameter, |(name, _)| name)
}

fn names(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}
