//! HTTP/1 messages as the peers of the sidecar see them.

/// Header or trailer fields in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

/// A request that an origin received.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Its place among all that its origin received, from 1; 0 where nobody counts.
    pub number: usize,
    /// The method.
    pub method: String,
    /// The target as it was written.
    pub target: String,
    /// `HTTP/1.1` and its kin.
    pub version: String,
    /// The header fields.
    pub headers: Fields,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// The head, byte by byte.
    pub head: String,
}

/// A final response that a client received, and what came before it.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// The statuses of interim responses, in order.
    pub interim: Vec<u16>,
}

// === impl Fields ===

impl Fields {
    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// The values of all fields of that name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self
            .0
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether there is such a field.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let fields = lines.filter_map(|line| line.split_once(':'));
        Self(
            fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }
}

impl From<&http::HeaderMap> for Fields {
    fn from(headers: &http::HeaderMap) -> Self {
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self(
            headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        )
    }
}

// === impl Request ===

impl Request {
    /// The first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

// === impl Response ===

impl Response {
    /// The first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What the cache says it did; empty when it says nothing.
    pub fn cache_status(&self) -> &str {
        self.headers
            .all("cache-status")
            .last()
            .copied()
            .unwrap_or_default()
    }

    /// Whether the cache answered.
    #[track_caller]
    pub fn assert_hit(&self) {
        assert_eq!(self.status, 200, "{self:?}");
        assert!(
            self.cache_status().starts_with("Forebay; hit"),
            "not a hit: {self:?}"
        );
    }

    /// Whether the origin was asked.
    #[track_caller]
    pub fn assert_forwarded(&self) {
        assert!(
            self.cache_status().contains("fwd="),
            "not forwarded: {self:?}"
        );
    }

    /// Whether it is a problem document with this status and type.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{self:?}\n{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let expected = format!("\"urn:forebay:problem:{kind}\"");
        assert!(
            self.text().contains(&expected),
            "not {kind}: {}",
            self.text()
        );
    }
}
