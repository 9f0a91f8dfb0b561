//! What is known of an exchange, as far as advice depends on it.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::super::vary::Vary;

/// The most cookies that are named.
const MOST_COOKIES: usize = 5;

/// What is known of an exchange.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's fields.
    pub headers: &'a HeaderMap,
    /// The request's query, without the question mark.
    pub query: Option<&'a str>,
    /// The origin's answer, if there was one.
    pub answered: Option<Answered>,
}

/// What is known of the origin's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its media type without parameters, in lower case.
    pub content_type: Option<String>,
    /// How many bytes its body has, if it says.
    pub length: Option<u64>,
    /// The request fields it varies by.
    pub vary: Vec<HeaderName>,
}

// === impl Facts ===

impl Facts<'_> {
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.answered.as_ref().map(|answered| answered.status)
    }

    pub(super) fn vary(&self) -> &[HeaderName] {
        let answered = self.answered.as_ref();
        answered.map_or(&[], |answered| &answered.vary)
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.answered.as_ref()?.length
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.answered.as_ref()?.content_type.as_deref()
    }

    /// The names of the request's cookies, never their values.
    pub(super) fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::COOKIE).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let names = pairs.filter_map(|pair| Some(pair.split_once('=')?.0.trim()));
        names
            .filter(|name| !name.is_empty())
            .take(MOST_COOKIES)
            .collect()
    }

    /// The names of the query's parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        let query = self.query.unwrap_or_default().split('&');
        let names = query.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        names.filter(|name| !name.is_empty())
    }
}

// === impl Answered ===

impl Answered {
    /// Reads them from a response's head.
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE)
            .map(|value| value.split_once(';').map_or(value, |(kind, _)| kind))
            .map(|kind| kind.trim().to_ascii_lowercase());
        Self {
            status,
            content_type,
            length: text(header::CONTENT_LENGTH).and_then(|value| value.trim().parse().ok()),
            vary: match Vary::of(headers) {
                Vary::Fields(names) => names,
                Vary::Star => Vec::new(),
            },
        }
    }
}
