//! How responses of a legacy API are trimmed on their way.

use http::{HeaderName, HeaderValue};

use crate::Mode;

/// The transformations of one route's responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransformPolicy {
    /// Whether it acts.
    pub mode: Mode,
    /// What becomes of JSON bodies; `None` leaves them alone.
    pub json: Option<JsonTrim>,
    /// Header fields that are taken away.
    pub remove_headers: Vec<HeaderName>,
    /// Header fields that are set, whatever the origin said.
    pub set_headers: Vec<(HeaderName, HeaderValue)>,
    /// Fields that make browsers careful, set where the origin does not.
    pub security_headers: Vec<(HeaderName, HeaderValue)>,
}

/// What becomes of JSON bodies. White space between tokens always goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonTrim {
    /// Only these fields stay, unless empty; arrays are walked through without being named.
    pub fields: Vec<JsonPath>,
}

/// A field by the names that lead to it: `user.address.city`. Everything below it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    /// The names, from the outside in; at least one. `*` is any name.
    pub names: Vec<String>,
}
