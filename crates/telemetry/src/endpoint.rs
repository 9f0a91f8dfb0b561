//! What is shown of one endpoint.

use policy::Endpoint;

/// One endpoint as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointFigures {
    /// Its address, and its weight, priority and zone as they are now.
    pub endpoint: Endpoint,
    /// Why it is one.
    pub origin: EndpointOrigin,
    /// Requests it has now.
    pub in_flight: u64,
}

/// Why an endpoint is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// It is none any more, and ends what it has.
    Draining,
    /// Discovery has found it.
    Found,
    /// The configuration lists it.
    Listed,
}

// === impl EndpointOrigin ===

impl EndpointOrigin {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Found => "found",
            Self::Listed => "listed",
        }
    }
}
