//! The words for how a request can fail.

use engine::failure::{Failure, Malformed};

use super::Word;

// === impl Failure ===

impl Word for Failure {
    const ALL: &'static [Self] = &[
        Self::Malformed(Malformed::ContentLength),
        Self::Malformed(Malformed::Host),
        Self::Malformed(Malformed::Method),
        Self::Malformed(Malformed::Target),
        Self::Malformed(Malformed::TransferEncoding),
        Self::Malformed(Malformed::Upgrade),
        Self::NotCached,
        Self::UnknownHost,
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::Loop,
        Self::RateLimited,
        Self::BodyTooLarge,
        Self::ClientGone,
        Self::ClientStalled,
        Self::ConnectFailed,
        Self::ConnectTimedOut,
        Self::FirstByteTimedOut,
        Self::UpstreamClosed,
        Self::UpstreamGarbage,
        Self::UpstreamStalled,
        Self::UpstreamTruncated,
        Self::TotalTimedOut,
        Self::Internal,
        Self::Malformed(Malformed::ConnectionField),
        Self::Malformed(Malformed::Expectation),
        Self::PurgeForbidden,
        Self::PurgeSenseless,
        Self::PurgeUnauthorized,
        Self::BreakerOpen,
        Self::NoEndpoint,
        Self::Shed,
        Self::QueueTimedOut,
        Self::TlsFailed,
        Self::TlsTimedOut,
        Self::TryTimedOut,
    ];

    fn slot(self) -> usize {
        match self {
            Self::Malformed(what) => match what {
                Malformed::ContentLength => 0,
                Malformed::Host => 1,
                Malformed::Method => 2,
                Malformed::Target => 3,
                Malformed::TransferEncoding => 4,
                Malformed::Upgrade => 5,
                Malformed::ConnectionField => 24,
                Malformed::Expectation => 25,
            },
            Self::NotCached => 6,
            Self::UnknownHost => 7,
            Self::NoRoute => 8,
            Self::MethodNotAllowed => 9,
            Self::Loop => 10,
            Self::RateLimited => 11,
            Self::BodyTooLarge => 12,
            Self::ClientGone => 13,
            Self::ClientStalled => 14,
            Self::ConnectFailed => 15,
            Self::ConnectTimedOut => 16,
            Self::FirstByteTimedOut => 17,
            Self::UpstreamClosed => 18,
            Self::UpstreamGarbage => 19,
            Self::UpstreamStalled => 20,
            Self::UpstreamTruncated => 21,
            Self::TotalTimedOut => 22,
            Self::Internal => 23,
            Self::PurgeForbidden => 26,
            Self::PurgeSenseless => 27,
            Self::PurgeUnauthorized => 28,
            Self::BreakerOpen => 29,
            Self::NoEndpoint => 30,
            Self::Shed => 31,
            Self::QueueTimedOut => 32,
            Self::TlsFailed => 33,
            Self::TlsTimedOut => 34,
            Self::TryTimedOut => 35,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
