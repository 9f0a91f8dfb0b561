//! How people and programs say what they want gone.

use http::{HeaderMap, Uri, Version};
use policy::Scheme;
use thiserror::Error;

use super::{BadGlob, Glob, Manner, Origin, Purge, Target};
use crate::{
    cache::tags::{MAX_TAG, listed},
    host::authority,
    path::{NormalPath, normalize},
};

/// Why a selector selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadSelector {
    /// A path that can be read in two ways is never cached.
    #[error("the path can be read in more than one way, and such paths are never cached")]
    AmbiguousPath,
    /// The pattern cannot be one.
    #[error("not a pattern: {0}")]
    Glob(#[from] BadGlob),
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// What stands for the host is none.
    #[error("`{0}` is not a host")]
    Host(String),
    /// There is no such kind.
    #[error("`{0}` is not one of url, prefix, pattern, tag, group, all")]
    Kind(String),
    /// The tag or group is longer than any that is kept.
    #[error("a tag or a group has at most {MAX_TAG} bytes")]
    Long,
    /// There is no such manner.
    #[error("`{0}` is neither soft nor hard")]
    Manner(String),
    /// The host is missing.
    #[error("it needs a host, as in `https://example.com/path`")]
    NoHost,
    /// The URL is none.
    #[error("it is not a URL")]
    NotAUrl,
    /// Prefixes are of paths.
    #[error("a prefix has no query; use a pattern")]
    PrefixWithQuery,
}

/// A request with the method `PURGE`, already found to be allowed.
#[derive(Clone, Copy, Debug)]
pub struct PurgeRequest<'a> {
    /// The canonical host.
    pub host: &'a str,
    /// The normalised path.
    pub path: &'a str,
    /// The query as keys have it ([`crate::cache::key::canonical_query`]).
    pub query: Option<&'a str>,
    /// Its fields.
    pub headers: &'a HeaderMap,
}

/// Where a selector's URL leads.
struct Place<'a> {
    scheme: Scheme,
    /// The canonical host and its port, when they were given.
    authority: Option<(String, u16)>,
    /// What follows, beginning with `/`, or nothing.
    rest: &'a str,
}

// === impl Target ===

impl Target {
    /// Reads a selector as it stands in a request to the admin or on a command line.
    ///
    /// | kind | text |
    /// |---|---|
    /// | `url` | `https://example.com/path?query`; the scheme may be left out |
    /// | `prefix` | `https://example.com/path`, or `/path` for every host |
    /// | `pattern` | `example.com/a/*/b`, or `/a/**` for every host |
    /// | `tag` | the tag |
    /// | `group` | `https://example.com group`: the origin, a space and the group |
    /// | `all` | nothing |
    ///
    /// The query of a URL is taken as it stands; the caller makes it what keys have.
    pub fn parse(kind: &str, text: &str) -> Result<Self, BadSelector> {
        let text = text.trim();
        if text.is_empty() && kind != "all" {
            return Err(BadSelector::Empty);
        }
        match kind {
            "all" => Ok(Self::All),
            "group" => group(text),
            "pattern" => pattern(text),
            "prefix" => prefix(text),
            "tag" => short(text).map(Self::Tag),
            "url" => url(text),
            other => Err(BadSelector::Kind(other.to_owned())),
        }
    }
}

// === impl Manner ===

impl Manner {
    /// Reads `soft` or `hard`, in any case.
    pub fn parse(text: &str) -> Result<Self, BadSelector> {
        [Self::Hard, Self::Soft]
            .into_iter()
            .find(|manner| text.trim().eq_ignore_ascii_case(manner.as_str()))
            .ok_or_else(|| BadSelector::Manner(text.to_owned()))
    }
}

// === impl PurgeRequest ===

impl PurgeRequest<'_> {
    /// What it wants gone: the tags in its `Surrogate-Key` and `Cache-Tag` if it has any, or else its
    /// own URL; `*` in the path makes that a pattern. `Forebay-Purge: hard` makes it hard.
    pub fn purges(&self) -> Result<Vec<Purge>, BadSelector> {
        let manner = match self.headers.get("forebay-purge") {
            Some(value) => Manner::parse(&String::from_utf8_lossy(value.as_bytes()))?,
            None => Manner::default(),
        };
        let mut targets = Vec::new();
        for tag in listed(self.headers) {
            targets.push(Target::Tag(short(&String::from_utf8_lossy(tag))?));
        }
        if targets.is_empty() {
            targets.push(self.url()?);
        }
        let purge = |what| Purge { what, manner };
        Ok(targets.into_iter().map(purge).collect())
    }

    fn url(&self) -> Result<Target, BadSelector> {
        let host = self.host.to_owned();
        if self.path.contains('*') {
            let text = match self.query {
                Some(query) => format!("{}?{query}", self.path),
                None => self.path.to_owned(),
            };
            return Ok(Target::Pattern {
                host: Some(host),
                glob: Glob::parse(&text)?,
            });
        }
        Ok(Target::Url {
            host,
            path: self.path.to_owned(),
            query: self.query.map(str::to_owned),
        })
    }
}

fn url(text: &str) -> Result<Target, BadSelector> {
    let place = Place::read(text)?;
    let (host, _) = place.authority.ok_or(BadSelector::NoHost)?;
    let rest = place.rest.split('#').next().unwrap_or_default();
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (rest, None),
    };
    Ok(Target::Url {
        host,
        path: normal(path)?,
        query,
    })
}

fn prefix(text: &str) -> Result<Target, BadSelector> {
    let place = Place::read(text)?;
    if place.rest.contains('?') {
        return Err(BadSelector::PrefixWithQuery);
    }
    Ok(Target::Prefix {
        host: place.host(),
        path: normal(place.rest)?,
    })
}

fn pattern(text: &str) -> Result<Target, BadSelector> {
    if text.starts_with('*') {
        return Ok(Target::Pattern {
            host: None,
            glob: Glob::parse(text)?,
        });
    }
    let place = Place::read(text)?;
    Ok(Target::Pattern {
        host: place.host(),
        glob: Glob::parse(if place.rest.is_empty() {
            "/"
        } else {
            place.rest
        })?,
    })
}

fn group(text: &str) -> Result<Target, BadSelector> {
    let (origin, group) = text.split_once(' ').ok_or(BadSelector::NoHost)?;
    let place = Place::read(origin)?;
    let (host, port) = place.authority.ok_or(BadSelector::NoHost)?;
    if !matches!(place.rest, "" | "/") {
        return Err(BadSelector::NotAUrl);
    }
    Ok(Target::Group {
        origin: Origin {
            scheme: place.scheme,
            host,
            port,
        },
        group: short(group.trim())?,
    })
}

fn short(name: &str) -> Result<String, BadSelector> {
    if name.is_empty() {
        Err(BadSelector::Empty)
    } else if name.len() > MAX_TAG {
        Err(BadSelector::Long)
    } else {
        Ok(name.to_owned())
    }
}

/// The form in which keys have a path.
fn normal(path: &str) -> Result<String, BadSelector> {
    match normalize(path) {
        NormalPath::Ambiguous(_) => Err(BadSelector::AmbiguousPath),
        NormalPath::Clean(path) => Ok(path.to_owned()),
        NormalPath::Rewritten(path) => Ok(path),
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn read(text: &'a str) -> Result<Self, BadSelector> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadSelector::NotAUrl);
        }
        if text.starts_with('/') {
            return Ok(Self {
                scheme: Scheme::Https,
                authority: None,
                rest: text,
            });
        }
        let (scheme, text) = match text.split_once("://") {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, text),
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, text),
            // What looks like one may be further behind.
            Some((before, _)) if !before.contains(['/', '?']) => return Err(BadSelector::NotAUrl),
            _ => (Scheme::Https, text),
        };
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (host, rest) = text.split_at(end);
        Ok(Self {
            scheme,
            authority: Some(canonical(host, scheme)?),
            rest,
        })
    }

    fn host(&self) -> Option<String> {
        self.authority.as_ref().map(|(host, _)| host.clone())
    }
}

/// The host as keys have it, and the port.
fn canonical(text: &str, scheme: Scheme) -> Result<(String, u16), BadSelector> {
    let bad = || BadSelector::Host(text.to_owned());
    let uri = Uri::builder()
        .scheme("http")
        .authority(text)
        .path_and_query("/")
        .build()
        .map_err(|_| bad())?;
    // An old request's target, which alone names the host.
    let no_fields = HeaderMap::new();
    let read = authority(&uri, &no_fields, Version::HTTP_10, scheme).map_err(|_| bad())?;
    let host = read.host().to_owned();
    let port = match read.as_str()[host.len()..].strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| bad())?,
        None => match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        },
    };
    Ok((host, port))
}
