//! Who may ask the admin listener anything.
//!
//! **Names.** A page on another site can make its own name resolve to this address and then read
//! what it finds (DNS rebinding). Its requests carry its name in `Host`, so that only addresses,
//! `localhost` and the names the operator gave are answered.
//!
//! **Sites.** A page can also send requests it cannot read the answers of. Browsers say so in
//! `Origin` and `Sec-Fetch-Site`, and no page but our own has any business here.
//!
//! **Token.** Asked last, so that its absence is not told to somebody who should not be here at all.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority};

use engine::bearer::{Token, Verdict};

use crate::{operator::AdminState, problem::Problem};

/// Longer than any answer takes; a bound for the case that one hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sent with every answer: not stored, not framed, not sniffed, not loaded by another site.
const SECURITY: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Lets a request through to the admin routes, or says why not.
pub(crate) async fn admit(
    State(state): State<AdminState>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = check_host(&request, &state.names)
        .and_then(|host| check_site(request.headers(), host))
        .and_then(|()| check_token(request.headers(), state.token.as_ref()));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Adds the security fields to every answer, refusals included.
pub(crate) async fn harden(mut response: Response) -> Response {
    for (name, value) in SECURITY {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Gives up on an answer that takes too long.
pub(crate) async fn bound(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The answer took too long.")
            .into_response(),
    }
}

/// The authority that was asked for, when it is one of ours.
fn check_host<'r>(request: &'r Request, names: &[String]) -> Result<&'r str, Refusal> {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (Some(field), None) => field.to_str().map_err(|_| Refusal::Host)?,
        _ => return Err(Refusal::Host),
    };
    let target = request.uri().authority().map(Authority::as_str);
    for authority in [Some(field), target].into_iter().flatten() {
        if !is_ours(authority, names) {
            return Err(Refusal::Host);
        }
    }
    Ok(field)
}

fn is_ours(authority: &str, names: &[String]) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host); // no prefix when there is `user@`
    if !port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some()) {
        return false;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let name = host.strip_suffix('.').unwrap_or(host);
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

fn check_site(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        if !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            return Err(Refusal::Site);
        }
    }
    for site in headers.get_all("sec-fetch-site") {
        if site != "same-origin" && site != "none" {
            return Err(Refusal::Site);
        }
    }
    Ok(())
}

fn check_token(headers: &HeaderMap, token: Option<&Token>) -> Result<(), Refusal> {
    let Some(token) = token else {
        return Ok(());
    };
    match token.judge(headers.get(header::AUTHORIZATION)) {
        Verdict::Match => Ok(()),
        Verdict::Missing => Err(Refusal::TokenMissing),
        Verdict::Wrong => Err(Refusal::TokenWrong),
    }
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Host,
    Site,
    TokenMissing,
    TokenWrong,
}

// === impl Refusal ===

impl IntoResponse for Refusal {
    /// The challenge says `invalid_token` only when there was one (RFC 6750, section 3.1).
    fn into_response(self) -> Response {
        let (problem, challenge) = match self {
            Self::Host => (
                Problem::new(
                    StatusCode::FORBIDDEN,
                    "The Host field does not name this listener; ask by address or as localhost.",
                ),
                None,
            ),
            Self::Site => (
                Problem::new(
                    StatusCode::FORBIDDEN,
                    "Requests from other sites are refused.",
                ),
                None,
            ),
            Self::TokenMissing => (
                Problem::new(StatusCode::UNAUTHORIZED, "A bearer token is needed."),
                Some("Bearer realm=\"forebay\""),
            ),
            Self::TokenWrong => (
                Problem::new(
                    StatusCode::UNAUTHORIZED,
                    "The bearer token is not the right one.",
                ),
                Some("Bearer realm=\"forebay\", error=\"invalid_token\""),
            ),
        };
        let mut response = problem.into_response();
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
/// Refuses an order that is not JSON: a page on another site cannot send this media type without
/// asking first (Fetch, section 2.2.2).
pub(crate) fn json_only(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind);
    if kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Send the order as application/json.",
    ))
}
