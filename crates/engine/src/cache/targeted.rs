//! Directives for some caches only (RFC 9213): an origin can tell browsers one thing and us another.
//!
//! We obey `Forebay-Cache-Control`, which is for us alone, and `CDN-Cache-Control`, which is for every
//! cache on the origin's side; the first that is there and valid replaces `Cache-Control` and
//! `Expires` altogether, also where it is silent.
//!
//! **Strict as a whole.** Unlike `Cache-Control` these are Structured Fields (RFC 9651): one error
//! anywhere, and the field is as if it were not there. So is an empty one. Of a repeated directive the
//! last counts, and upper case is an error.
//!
//! **Strict in its parts.** A directive whose value has the wrong type must not make a response
//! fresher or more widely shared than was meant, as in [`super::directives`]: a time that is no
//! whole number from 0 on is 0, a restriction holds whatever its value, and a permission only counts
//! as a bare name.

use http::{HeaderMap, HeaderName, header};
use sfv::{BareItem, Dictionary, Item, ListEntry, Parser};

use super::{
    directives::{CacheControl, Reach, field_names},
    seconds::DeltaSeconds,
};

/// What an origin tells Forebay alone; never kept as a field and never sent on.
pub const FOREBAY_CACHE_CONTROL: HeaderName = HeaderName::from_static("forebay-cache-control");
/// What an origin tells every cache on its side; sent on as it came.
pub const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// The field whose directives govern a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Governing {
    /// `Cache-Control`, for all caches, with `Expires` beside it.
    #[default]
    CacheControl,
    /// `CDN-Cache-Control`.
    Cdn,
    /// `Forebay-Cache-Control`.
    Forebay,
}

/// The directives that govern a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// What they say.
    pub control: CacheControl,
    /// The field they are from.
    pub governing: Governing,
    /// The fields that `private` and `no-cache` withhold by name; they are not part of what is kept
    /// (RFC 9111, sections 5.2.2.4 and 5.2.2.7).
    pub withheld: Vec<HeaderName>,
}

/// The target list, the most specific first (RFC 9213, section 2.2).
const TARGETS: [(HeaderName, Governing); 2] = [
    (FOREBAY_CACHE_CONTROL, Governing::Forebay),
    (CDN_CACHE_CONTROL, Governing::Cdn),
];

// === impl Governing ===

impl Governing {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CacheControl => "cache-control",
            Self::Cdn => "cdn-cache-control",
            Self::Forebay => "forebay-cache-control",
        }
    }
}

// === impl Directives ===

impl Directives {
    /// Reads the field of a response that governs it.
    pub fn of(response: &HeaderMap) -> Self {
        for (name, governing) in TARGETS {
            if let Some(dictionary) = dictionary(response, &name) {
                return Self::targeted(&dictionary, governing);
            }
        }
        let control = CacheControl::parse(response, &header::CACHE_CONTROL);
        Self {
            control,
            governing: Governing::CacheControl,
            withheld: control.withheld_fields(response, &header::CACHE_CONTROL),
        }
    }

    fn targeted(dictionary: &Dictionary, governing: Governing) -> Self {
        let mut directives = Self {
            governing,
            ..Self::default()
        };
        for (name, value) in dictionary {
            directives.take(name.as_str(), value);
        }
        let control = &directives.control;
        if control.private != Reach::Fields && control.no_cache != Reach::Fields {
            directives.withheld.clear();
        }
        directives
    }

    fn take(&mut self, name: &str, value: &ListEntry) {
        let control = &mut self.control;
        match name {
            "immutable" => control.immutable = is_bare(value),
            "max-age" => control.max_age = Some(seconds(value)),
            "must-revalidate" => control.must_revalidate = true,
            "must-understand" => control.must_understand = true,
            "no-cache" => control.no_cache = reach(value, &mut self.withheld),
            "no-store" => control.no_store = true,
            "no-transform" => control.no_transform = true,
            "private" => control.private = reach(value, &mut self.withheld),
            "proxy-revalidate" => control.proxy_revalidate = true,
            "public" => control.public = is_bare(value),
            "s-maxage" => control.s_maxage = Some(seconds(value)),
            "stale-if-error" => control.stale_if_error = Some(seconds(value)),
            "stale-while-revalidate" => control.stale_while_revalidate = Some(seconds(value)),
            _ => {}
        }
    }
}

/// All lines of the field `name` as one dictionary; `None` if there is none, or nothing in it.
fn dictionary(response: &HeaderMap, name: &HeaderName) -> Option<Dictionary> {
    let mut lines = response.get_all(name).iter();
    let mut text = lines.next()?.as_bytes().to_vec();
    for line in lines {
        text.extend_from_slice(b", ");
        text.extend_from_slice(line.as_bytes());
    }
    let dictionary: Dictionary = Parser::new(&text).parse().ok()?;
    (!dictionary.is_empty()).then_some(dictionary)
}

fn bare_item(value: &ListEntry) -> Option<&BareItem> {
    match value {
        ListEntry::Item(Item { bare_item, .. }) => Some(bare_item),
        ListEntry::InnerList(_) => None,
    }
}

fn is_bare(value: &ListEntry) -> bool {
    bare_item(value).and_then(BareItem::as_boolean) == Some(true)
}

fn seconds(value: &ListEntry) -> DeltaSeconds {
    let number = bare_item(value).and_then(BareItem::as_integer);
    let number = number.and_then(|number| u64::try_from(i64::from(number)).ok());
    number.map_or(DeltaSeconds::ZERO, DeltaSeconds::new)
}

/// What a `private` or `no-cache` is about; the names it withholds go to `withheld`.
fn reach(value: &ListEntry, withheld: &mut Vec<HeaderName>) -> Reach {
    let item = bare_item(value);
    let list = item.and_then(|item| {
        let string = item.as_string().map(|string| string.as_str());
        string.or_else(|| item.as_token().map(|token| token.as_str()))
    });
    let names = list.map(|list| field_names(list.as_bytes()).collect::<Option<Vec<_>>>());
    match names {
        Some(Some(names)) if !names.is_empty() => {
            withheld.extend(names);
            Reach::Fields
        }
        _ => Reach::Whole,
    }
}

#[cfg(test)]
mod tests;
