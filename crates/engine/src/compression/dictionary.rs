//! Who gets a response compressed against a shared dictionary, and how clients learn of it (RFC 9842).
//!
//! A client that has the dictionary names it in `Available-Dictionary` and takes `dcz`; only if that is
//! the very one we have is it used, and any other client gets an ordinary coding. What a cache behind us
//! keeps is told apart by both fields (section 6.2). Browsers use dictionaries over TLS and from the
//! loopback only (section 9); that is theirs to see to.
//!
//! # Who may read the response
//! How long a response is against a known text tells something of it, also to a page that may not read
//! it. So where a browser says that the request comes from another origin, and the response does not
//! say that it may read it, the dictionary is not used (section 9.3.3): see [`readability`].

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use policy::Dictionary;

use super::forget_bytes;
use crate::{coding::dictionary::DictionaryHash, field_list};

/// What clients are told, made once.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// `Link`: where the dictionary is.
    pub link: HeaderValue,
    /// `Use-As-Dictionary`: what it is for.
    pub use_as: HeaderValue,
    /// Its `ETag`.
    pub tag: HeaderValue,
}

/// What a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Another dictionary, or none, or it does not want responses compressed with it.
    Another,
    /// This one.
    Ours,
}

/// Whether whoever asks may read the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readability {
    /// As far as the request tells.
    Readable,
    /// It is for the browser, and hidden from the page that asks.
    Withheld,
}

static AVAILABLE_DICTIONARY: HeaderName = HeaderName::from_static("available-dictionary");

/// The name of the coding.
pub const DCZ: HeaderValue = HeaderValue::from_static("dcz");

/// How long clients may keep the dictionary: a week.
pub const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=604800");

/// Whether a client has this dictionary and wants it used.
pub fn holding(request: &HeaderMap, hash: &DictionaryHash) -> Holding {
    let mut named = request.get_all(&AVAILABLE_DICTIONARY).iter();
    let (Some(named), None) = (named.next(), named.next()) else {
        return Holding::Another;
    };
    // A byte sequence (RFC 9651, section 3.3.5).
    let coded = named.as_bytes().trim_ascii();
    let coded = coded
        .strip_prefix(b":")
        .and_then(|coded| coded.strip_suffix(b":"));
    let named = coded.and_then(|coded| STANDARD.decode(coded).ok());
    if named.is_some_and(|named| named == hash) && takes_dcz(request) {
        Holding::Ours
    } else {
        Holding::Another
    }
}

/// Whether `dcz` is named, and not to say no; `*` is not enough, because it says nothing of a
/// dictionary.
pub(super) fn takes_dcz(request: &HeaderMap) -> bool {
    field_list::elements(request, &header::ACCEPT_ENCODING).any(|element| {
        let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"dcz"));
        let is_refused = |parameter: &[u8]| match parameter {
            [b'q' | b'Q', b'=', weight @ ..] => {
                weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
            }
            _ => false,
        };
        is_named && !parts.any(is_refused)
    })
}

/// Whether the page that asks may read a response with this `Access-Control-Allow-Origin`, as the fields
/// that browsers add say. Anything but a browser may.
pub fn readability(
    request: &HeaderMap,
    allowed: impl FnOnce() -> Option<HeaderValue>,
) -> Readability {
    let told = |name: &str| request.get(name).map(HeaderValue::as_bytes);
    if matches!(told("sec-fetch-site"), None | Some(b"same-origin")) {
        return Readability::Readable;
    }
    let is_readable = match told("sec-fetch-mode") {
        None | Some(b"navigate" | b"same-origin") => true,
        Some(b"cors") => match (request.get(header::ORIGIN), allowed()) {
            (Some(origin), Some(allowed)) => allowed == "*" || allowed == origin,
            _ => false,
        },
        Some(_) => false,
    };
    match is_readable {
        true => Readability::Readable,
        false => Readability::Withheld,
    }
}

/// Makes the fields of a response fit a body in `dcz`.
pub fn rewrite_headers(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, DCZ);
    forget_bytes(headers);
    super::add_vary(headers);
}

/// Tells of the dictionary on a response that might have been compressed with it. Who has all of the
/// response already, gets a part of it, or has the dictionary, need not be shown the way.
pub fn announce(announcement: &Announcement, status: StatusCode, headers: &mut HeaderMap) {
    if !field_list::has_token(headers, &header::VARY, "accept-encoding") {
        return;
    }
    let name = HeaderValue::from_static("available-dictionary");
    headers.append(header::VARY, name);
    let is_lean = [StatusCode::NOT_MODIFIED, StatusCode::PARTIAL_CONTENT].contains(&status);
    if !is_lean && headers.get(header::CONTENT_ENCODING) != Some(&DCZ) {
        headers.append(header::LINK, announcement.link.clone());
    }
}

// === impl Readability ===

impl Readability {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::Withheld => "withheld",
        }
    }
}

// === impl Announcement ===

impl Announcement {
    /// What is told of a dictionary with this hash; `None` when its path cannot be said in a field, which
    /// the check of the configuration excludes.
    pub fn new(dictionary: &Dictionary, hash: &DictionaryHash) -> Option<Self> {
        let Dictionary { path, matches, .. } = dictionary;
        let value = |text: String| HeaderValue::try_from(text).ok();
        Some(Self {
            link: value(format!("<{path}>; rel=\"compression-dictionary\""))?,
            use_as: value(format!("match=\"{matches}\""))?,
            tag: value(format!("\"{}\"", STANDARD.encode(&hash[..12])))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: DictionaryHash = [7; 32];

    fn asked(available: &str, accepted: &str) -> Holding {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (&AVAILABLE_DICTIONARY, available),
            (&header::ACCEPT_ENCODING, accepted),
        ] {
            for line in value.split('|').filter(|line| !line.is_empty()) {
                headers.append(name, HeaderValue::from_str(line).unwrap());
            }
        }
        holding(&headers, &HASH)
    }

    #[test]
    fn only_a_client_with_this_very_dictionary_gets_it_used() {
        let ours = format!(":{}:", STANDARD.encode(HASH));
        let other = format!(":{}:", STANDARD.encode([8; 32]));
        for accepted in ["dcz", "gzip, DCZ;q=0.5", "br|dcz; q=1"] {
            assert_eq!(asked(&ours, accepted), Holding::Ours, "{accepted}");
        }
        for accepted in ["", "*", "zstd", "dcz;q=0", "dcz; q=0.000", "dczz", "dcb"] {
            assert_eq!(asked(&ours, accepted), Holding::Another, "{accepted}");
        }
        let twice = format!("{ours}|{ours}");
        let bare = STANDARD.encode(HASH);
        for available in ["", &other, &twice, &bare, "::", ":garbage", "?1"] {
            assert_eq!(asked(available, "dcz"), Holding::Another, "{available}");
        }
    }

    #[test]
    fn a_response_that_varies_by_coding_tells_of_the_dictionary() {
        let dictionary = Dictionary {
            file: "x".into(),
            path: "/dictionary".to_owned(),
            matches: "/api/*".to_owned(),
        };
        let announcement = Announcement::new(&dictionary, &HASH).unwrap();
        assert_eq!(announcement.use_as, "match=\"/api/*\"");
        let mut headers = HeaderMap::new();
        announce(&announcement, StatusCode::OK, &mut headers);
        assert!(headers.is_empty());
        crate::compression::add_vary(&mut headers);
        let (mut coded, mut lean) = (headers.clone(), headers.clone());
        announce(&announcement, StatusCode::OK, &mut headers);
        let vary: Vec<_> = headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["accept-encoding", "available-dictionary"]);
        assert_eq!(
            headers["link"],
            "</dictionary>; rel=\"compression-dictionary\""
        );
        rewrite_headers(&mut coded);
        announce(&announcement, StatusCode::OK, &mut coded);
        announce(&announcement, StatusCode::NOT_MODIFIED, &mut lean);
        for quiet in [coded, lean] {
            assert!(!quiet.contains_key("link"));
            assert_eq!(quiet.get_all("vary").iter().count(), 2);
        }
    }

    #[test]
    fn what_a_page_may_not_read_is_not_measured_for_it() {
        for (request, allowed, wanted) in [
            ("", None, "readable"),
            ("site=same-origin mode=no-cors", None, "readable"),
            ("site=cross-site", None, "readable"),
            ("site=cross-site mode=navigate", None, "readable"),
            ("site=cross-site mode=same-origin", None, "readable"),
            ("site=cross-site mode=no-cors", Some("*"), "withheld"),
            ("site=same-site mode=no-cors", None, "withheld"),
            ("site=none mode=websocket", None, "withheld"),
            ("site=cross-site mode=cors", Some("*"), "withheld"),
            (
                "site=cross-site mode=cors origin=https://a",
                None,
                "withheld",
            ),
            (
                "site=cross-site mode=cors origin=https://a",
                Some("*"),
                "readable",
            ),
            (
                "site=cross-site mode=cors origin=https://a",
                Some("https://a"),
                "readable",
            ),
            (
                "site=cross-site mode=cors origin=https://a",
                Some("https://b"),
                "withheld",
            ),
        ] {
            let mut headers = HeaderMap::new();
            for field in request.split(' ').filter_map(|field| field.split_once('=')) {
                let name = match field.0 {
                    "site" => "sec-fetch-site",
                    "mode" => "sec-fetch-mode",
                    _ => "origin",
                };
                headers.insert(name, HeaderValue::from_str(field.1).unwrap());
            }
            let said = readability(&headers, || allowed.map(HeaderValue::from_static));
            assert_eq!(said.as_str(), wanted, "{request} {allowed:?}");
        }
    }
}
