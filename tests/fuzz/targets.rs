//! What is fuzzed. Each target takes bytes and panics when something that must hold does not.

mod accept_encoding;
mod accept_language;
mod age;
mod attack_patterns;
mod cache_control;
mod cache_key;
mod conditional;
mod content_range;
mod dates;
mod etag_list;
mod exchange;
mod json_trim;
mod no_vary_search;
mod partial;
mod path;
mod policy;
mod popularity;
mod proxy_protocol;
mod purge;
mod range;
mod tags;
mod targeted;
mod token;
mod vary;

/// Something that reads what strangers send.
pub(crate) struct Target {
    /// Its name, and that of its folder in the corpus.
    pub(crate) name: &'static str,
    /// Words that mean something to it.
    pub(crate) words: &'static [&'static str],
    /// Gives it an input.
    pub(crate) run: fn(&[u8]),
}

/// All of them, by name.
pub(crate) const TARGETS: &[Target] = &[
    accept_encoding::TARGET,
    accept_language::TARGET,
    age::TARGET,
    attack_patterns::TARGET,
    cache_control::TARGET,
    cache_key::TARGET,
    conditional::TARGET,
    content_range::TARGET,
    dates::TARGET,
    etag_list::TARGET,
    exchange::TARGET,
    json_trim::TARGET,
    no_vary_search::TARGET,
    partial::TARGET,
    path::TARGET,
    policy::TARGET,
    popularity::TARGET,
    proxy_protocol::TARGET,
    purge::TARGET,
    range::TARGET,
    tags::TARGET,
    targeted::TARGET,
    token::TARGET,
    vary::TARGET,
];
