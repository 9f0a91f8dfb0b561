//! What a successful write makes obsolete (RFC 9111, section 4.4).
//!
//! A non-error response to a method that may change something invalidates what is stored for the
//! target, and for `Location` and `Content-Location` when they have the same origin: another origin
//! must not be able to empty our cache. An error response changes nothing.

use http::{HeaderMap, Method, StatusCode, header};
use policy::Scheme;

/// A request that was answered, and where it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Its method.
    pub method: &'a Method,
    /// How the client reached us.
    pub scheme: Scheme,
    /// The canonical host: lower-case, no port, no trailing dot.
    pub host: &'a str,
    /// The port of the URL.
    pub port: u16,
    /// The path and the query of the target.
    pub target: &'a str,
}

/// What becomes obsolete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obsolete {
    /// Nothing.
    Nothing,
    /// These paths with their queries, on the host of the request; the target first.
    Targets(Vec<String>),
}

/// Tells what `response` to a write makes obsolete.
///
/// The targets are as the fields spell them, with dots resolved; normalise them like a request's
/// before making keys of them.
pub fn after(write: &Write<'_>, status: StatusCode, response: &HeaderMap) -> Obsolete {
    // The last is safe by RFC 10008.
    let harmless = matches!(
        write.method.as_str(),
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY"
    );
    if harmless || !(status.is_success() || status.is_redirection()) {
        return Obsolete::Nothing;
    }
    let mut targets = vec![write.target.to_owned()];
    for name in [header::LOCATION, header::CONTENT_LOCATION] {
        let reference = response.get(name).and_then(|value| value.to_str().ok());
        if let Some(target) = reference.and_then(|reference| same_origin(write, reference))
            && !targets.contains(&target)
        {
            targets.push(target);
        }
    }
    Obsolete::Targets(targets)
}

/// Path and query of `reference`, resolved against the write's target (RFC 3986, section 5.2).
pub(super) fn same_origin(write: &Write<'_>, reference: &str) -> Option<String> {
    let reference = reference.trim();
    let reference = reference
        .split_once('#')
        .map_or(reference, |(before, _)| before);
    let rest = if let Some((scheme, rest)) = split_scheme(reference) {
        let expected = match write.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        if !scheme.eq_ignore_ascii_case(expected) {
            return None;
        }
        rest.strip_prefix("//")?
    } else if let Some(rest) = reference.strip_prefix("//") {
        rest
    } else {
        return Some(resolve(write.target, reference));
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    is_ours(write, authority).then(|| resolve("/", if path.is_empty() { "/" } else { path }))
}

fn split_scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    valid.then_some((scheme, rest))
}

fn is_ours(write: &Write<'_>, authority: &str) -> bool {
    let default = match write.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, "")) => (host, Some(default)),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, port.parse().ok())
        }
        _ => (authority, Some(default)),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    port == Some(write.port) && host.eq_ignore_ascii_case(write.host)
}

/// Path and query of a reference without scheme and authority.
fn resolve(target: &str, reference: &str) -> String {
    let (base, _) = target.split_once('?').unwrap_or((target, ""));
    if reference.is_empty() {
        return target.to_owned();
    }
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let mut resolved = if path.is_empty() {
        base.to_owned()
    } else if path.starts_with('/') {
        without_dots(path)
    } else {
        let directory = base.rfind('/').map_or("/", |slash| &base[..=slash]);
        without_dots(&format!("{directory}{path}"))
    };
    if let Some(query) = query {
        resolved.push('?');
        resolved.push_str(query);
    }
    resolved
}

/// Removes `.` and `..` segments (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_dots = matches!(segment, "." | "..");
        if segment == ".." {
            kept.pop();
        }
        if !is_dots {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in kept {
        out.push('/');
        out.push_str(segment);
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

#[cfg(test)]
mod tests;
