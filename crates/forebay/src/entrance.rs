//! Through which listener a client with a URL comes in.

use http::Uri;
use policy::{ListenAddress, Listener, Policies};

/// The listener it most likely comes through, by position: the same port, else the same scheme, else the
/// first. It decides which scheme is part of the key, and which proxies are trusted.
pub(crate) fn of(policies: &Policies, url: &Uri) -> usize {
    let secure = url.scheme_str() == Some("https");
    let default = if secure { 443 } else { 80 };
    let wanted = url.port_u16().unwrap_or(default);
    let port = |listener: &Listener| match &listener.address {
        ListenAddress::Tcp(address) => Some(address.port()),
        ListenAddress::Unix(_) => None,
    };
    let same_scheme = |listener: &Listener| listener.tls.is_some() == secure;
    let listeners = &policies.listeners;
    let by_port = listeners
        .iter()
        .position(|listener| same_scheme(listener) && port(listener) == Some(wanted));
    by_port
        .or_else(|| listeners.iter().position(same_scheme))
        .unwrap_or(0)
}

/// What a client sends in `Host`: the authority without who is asking, and without a port that the
/// scheme implies (RFC 9110, section 7.2).
pub(crate) fn host(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    match (url.port_u16(), url.scheme_str()) {
        (None, _) | (Some(80), Some("http")) | (Some(443), Some("https")) => host.to_owned(),
        (Some(port), _) => format!("{host}:{port}"),
    }
}
