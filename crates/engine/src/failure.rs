//! Every way a request can end without the origin's answer, and whose doing it was.
//!
//! `proxy::answer` turns each of these into one HTTP response; nothing else invents a status.

/// Why a request did not get the origin's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The request is not acceptable as HTTP.
    Malformed(Malformed),
    /// `only-if-cached`, and it is not.
    NotCached,
    /// A host no route knows.
    UnknownHost,
    /// A path no route of this host knows.
    NoRoute,
    /// A path that is known, but not with this method.
    MethodNotAllowed,
    /// The request has come through this Forebay before.
    Loop,
    /// A purge from somebody who may not order it, by where they come from.
    PurgeForbidden,
    /// A purge without the right token.
    PurgeUnauthorized,
    /// A purge of nothing that could be kept.
    PurgeSenseless,
    /// A rate limit is used up.
    RateLimited,
    /// The request lacks what tells its caller from others, and such requests are not taken.
    CallerUnknown,
    /// The same, where a verified token should tell it.
    CallerUnproven,
    /// The caller has as much in flight as it may.
    ConcurrencyExceeded,
    /// The caller is in a penalty box.
    Banned,
    /// It is not a request that the route's shield lets through.
    Shielded(ShieldRefusal),
    /// The body is in a content coding that is not understood here.
    UnknownCoding,
    /// The body is not what its content coding says.
    Undecodable,
    /// More comes out of a compressed body than may.
    DecodedTooLarge,
    /// There are more fields than `clients.max_headers`.
    TooManyFields,
    /// The body is larger than `clients.max_body`.
    BodyTooLarge,
    /// The client left, or its body ended early.
    ClientGone,
    /// The client sent its body too slowly.
    ClientStalled,
    /// A breaker is open: the upstream, or the route to it, is left alone for a while.
    BreakerOpen,
    /// No endpoint is known, or none may be asked.
    NoEndpoint,
    /// The upstream has no room for the request, and no place in the queue either.
    Shed,
    /// The request waited for room at the upstream as long as it may.
    QueueTimedOut,
    /// No connection to any endpoint.
    ConnectFailed,
    /// No connection in time.
    ConnectTimedOut,
    /// The endpoint is not who it should be, or does not speak TLS.
    TlsFailed,
    /// TLS was not agreed on in time.
    TlsTimedOut,
    /// One try took longer than `timeouts.per_try`.
    TryTimedOut,
    /// The endpoint did not answer in time.
    FirstByteTimedOut,
    /// The endpoint closed or reset before a whole answer head had come.
    UpstreamClosed,
    /// The endpoint answered something that is not HTTP.
    UpstreamGarbage,
    /// The endpoint answered something else than the JSON that was to be trimmed.
    UpstreamNotJson,
    /// The endpoint stopped sending in the middle of a body.
    UpstreamStalled,
    /// The endpoint ended a body early.
    UpstreamTruncated,
    /// The exchange took longer than `timeouts.total`.
    TotalTimedOut,
    /// Forebay has no memory left to decompress the body in.
    NoRoomToDecode,
    /// Forebay has no memory left to look at the body in.
    NoRoomToLook,
    /// A fault of Forebay's own.
    Internal,
}

/// What is wrong with a request that is refused before it is routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// A field of HTTP/1 connections in HTTP/2 (RFC 9113 8.2.2).
    ConnectionField,
    /// `Content-Length` is not one run of digits, or differs between its lines.
    ContentLength,
    /// `Expect` asks for something other than `100-continue`: 417 (RFC 9110 10.1.1).
    Expectation,
    /// No `Host`, several, or one that is not a host.
    Host,
    /// A method that a reverse proxy has no meaning for (CONNECT, TRACE).
    Method,
    /// A path or target that cannot be understood.
    Target,
    /// `Transfer-Encoding` other than exactly `chunked`.
    TransferEncoding,
    /// `Upgrade` together with a body, or to a protocol that is not let through.
    Upgrade,
}

/// Why a route's shield refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShieldRefusal {
    /// It comes from an address that may not.
    Address,
    /// It looks too much like an attack.
    Attack,
    /// Its body is too long.
    BodyTooLong,
    /// Its body is not of a type that is taken.
    ContentType,
    /// A header field is too long.
    HeaderTooLong,
    /// Its JSON is nested too deeply.
    JsonTooDeep,
    /// It has a method that is not taken.
    Method,
    /// Its path can be read in two ways.
    PathAmbiguous,
    /// Its query is too long.
    QueryTooLong,
    /// Its path and query are too long.
    UrlTooLong,
}

/// Whose doing a failure was: decides the class of the status, who is alerted, and what is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The one who asked.
    Client,
    /// Forebay.
    Us,
    /// The one who was asked.
    Upstream,
}

// === impl Failure ===

impl Failure {
    /// The word for it in logs, metrics and problem documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed(what) => what.as_str(),
            Self::NotCached => "not-cached",
            Self::UnknownHost => "unknown-host",
            Self::NoRoute => "no-route",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Loop => "loop",
            Self::PurgeForbidden => "purge-forbidden",
            Self::PurgeSenseless => "purge-senseless",
            Self::PurgeUnauthorized => "purge-unauthorized",
            Self::RateLimited => "rate-limited",
            Self::CallerUnknown => "caller-unknown",
            Self::CallerUnproven => "caller-unproven",
            Self::ConcurrencyExceeded => "concurrency-exceeded",
            Self::Banned => "banned",
            Self::Shielded(why) => why.as_str(),
            Self::UnknownCoding => "unknown-content-coding",
            Self::Undecodable => "undecodable-body",
            Self::DecodedTooLarge => "decoded-body-too-large",
            Self::TooManyFields => "too-many-fields",
            Self::BodyTooLarge => "body-too-large",
            Self::ClientGone => "client-gone",
            Self::ClientStalled => "client-stalled",
            Self::BreakerOpen => "breaker-open",
            Self::NoEndpoint => "no-endpoint",
            Self::Shed => "shed",
            Self::QueueTimedOut => "queue-timed-out",
            Self::TlsFailed => "tls-failed",
            Self::TlsTimedOut => "tls-timed-out",
            Self::TryTimedOut => "try-timed-out",
            Self::ConnectFailed => "connect-failed",
            Self::ConnectTimedOut => "connect-timed-out",
            Self::FirstByteTimedOut => "first-byte-timed-out",
            Self::UpstreamClosed => "upstream-closed",
            Self::UpstreamGarbage => "upstream-garbage",
            Self::UpstreamNotJson => "upstream-not-json",
            Self::UpstreamStalled => "upstream-stalled",
            Self::UpstreamTruncated => "upstream-truncated",
            Self::TotalTimedOut => "total-timed-out",
            Self::NoRoomToDecode => "no-room-to-decode",
            Self::NoRoomToLook => "no-room-to-look",
            Self::Internal => "internal",
        }
    }

    /// Whose doing it was.
    pub const fn blame(self) -> Blame {
        match self {
            Self::Malformed(_)
            | Self::NotCached
            | Self::UnknownHost
            | Self::NoRoute
            | Self::MethodNotAllowed
            | Self::Loop
            | Self::PurgeForbidden
            | Self::PurgeSenseless
            | Self::PurgeUnauthorized
            | Self::RateLimited
            | Self::CallerUnknown
            | Self::CallerUnproven
            | Self::ConcurrencyExceeded
            | Self::Banned
            | Self::Shielded(_)
            | Self::UnknownCoding
            | Self::Undecodable
            | Self::DecodedTooLarge
            | Self::TooManyFields
            | Self::BodyTooLarge
            | Self::ClientGone
            | Self::ClientStalled => Blame::Client,
            Self::BreakerOpen
            | Self::NoEndpoint
            | Self::Shed
            | Self::QueueTimedOut
            | Self::TlsFailed
            | Self::TlsTimedOut
            | Self::TryTimedOut
            | Self::ConnectFailed
            | Self::ConnectTimedOut
            | Self::FirstByteTimedOut
            | Self::UpstreamClosed
            | Self::UpstreamGarbage
            | Self::UpstreamNotJson
            | Self::UpstreamStalled
            | Self::UpstreamTruncated
            | Self::TotalTimedOut => Blame::Upstream,
            Self::Internal | Self::NoRoomToDecode | Self::NoRoomToLook => Blame::Us,
        }
    }
}

// === impl Malformed ===

impl Malformed {
    /// The word for it in logs, metrics and problem documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionField => "connection-field-in-http2",
            Self::ContentLength => "bad-content-length",
            Self::Expectation => "bad-expectation",
            Self::Host => "bad-host",
            Self::Method => "bad-method",
            Self::Target => "bad-target",
            Self::TransferEncoding => "bad-transfer-encoding",
            Self::Upgrade => "bad-upgrade",
        }
    }
}

// === impl ShieldRefusal ===

impl ShieldRefusal {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Address,
        Self::Attack,
        Self::BodyTooLong,
        Self::ContentType,
        Self::HeaderTooLong,
        Self::JsonTooDeep,
        Self::Method,
        Self::PathAmbiguous,
        Self::QueryTooLong,
        Self::UrlTooLong,
    ];

    /// The word for it in logs, metrics and problem documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address-refused",
            Self::Attack => "attack-pattern",
            Self::BodyTooLong => "body-too-long",
            Self::ContentType => "content-type-refused",
            Self::HeaderTooLong => "header-too-long",
            Self::JsonTooDeep => "json-too-deep",
            Self::Method => "method-refused",
            Self::PathAmbiguous => "path-ambiguous",
            Self::QueryTooLong => "query-too-long",
            Self::UrlTooLong => "url-too-long",
        }
    }
}

// === impl Blame ===

impl Blame {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Us => "us",
        }
    }
}
