//! What a purge is, and which stored responses it hits, whatever their number.
//!
//! Nothing is searched for when something is purged. The purge is written into a log, under the next
//! number, its epoch; a stored response remembers the epoch up to which it was judged, and when it is
//! asked for, only what was purged since is looked at. While nothing is, that is one comparison of
//! two numbers.
//!
//! **Where an entry begins.** With the epoch that was the latest when its request was sent: what is
//! purged while the origin answers hits the answer too, since it may have been made before.
//!
//! **Soft and hard.** A soft purge makes a response stale: it is asked for again, and may stand in
//! while that is done or fails. A hard one makes it unusable. When both hit, the hard one counts.
//!
//! **Bounded.** The log holds so many names and so many rules. When it is full, the oldest quarter of
//! them become one purge of everything that was judged before: more is asked of the origin than was
//! said, and nothing obsolete is served.

mod glob;
mod log;
mod select;

pub use self::{
    glob::{BadGlob, Glob},
    log::{Epoch, Judgement, PurgeLog, Purged},
    select::{BadSelector, PurgeRequest},
};
use super::{
    key::KeyParts,
    label::{Label, Origin},
};

/// What somebody wants gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// Which stored responses.
    pub what: Target,
    /// How much they are gone.
    pub manner: Manner,
}

/// Which stored responses are purged; always with all their variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every one.
    All,
    /// Those that their origin put into this group (RFC 9875).
    Group {
        /// Whose group.
        origin: Origin,
        /// Its name.
        group: String,
    },
    /// Those whose URL looks like this.
    Pattern {
        /// The canonical host, any when `None`.
        host: Option<String>,
        /// What the rest of the URL looks like.
        glob: Glob,
    },
    /// Those whose path begins like this, whatever their query; `/a` is the beginning of `/ab`.
    Prefix {
        /// The canonical host, any when `None`.
        host: Option<String>,
        /// How the normalised path begins.
        path: String,
    },
    /// Those with this tag, whoever gave it.
    Tag(String),
    /// Those with this URL, for any scheme, port, user and body.
    Url {
        /// The canonical host.
        host: String,
        /// The normalised path.
        path: String,
        /// The query as keys have it ([`super::key::canonical_query`]).
        query: Option<String>,
    },
}

/// How much what is purged is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Manner {
    /// It is never used again.
    Hard,
    /// It is stale.
    #[default]
    Soft,
}

// === impl Target ===

impl Target {
    /// What kind of target it is.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Group { .. } => "group",
            Self::Pattern { .. } => "pattern",
            Self::Prefix { .. } => "prefix",
            Self::Tag(_) => "tag",
            Self::Url { .. } => "url",
        }
    }

    /// The label that exactly what it means has, when there is one.
    fn label(&self) -> Option<Label> {
        match self {
            Self::Group { origin, group } => Some(Label::group(origin, group)),
            Self::Tag(tag) => Some(Label::tag(tag.as_bytes())),
            Self::Url { host, path, query } => Some(Label::url(host, path, query.as_deref())),
            Self::All | Self::Pattern { .. } | Self::Prefix { .. } => None,
        }
    }
}

// === impl Manner ===

impl Manner {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

#[cfg(test)]
mod tests;
