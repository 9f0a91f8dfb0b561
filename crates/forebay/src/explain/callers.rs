//! Whom a request is counted for, in words.

use http::HeaderValue;
use policy::{CallerKey, CallerPart, PathPattern, PathSegment, Route, UnknownCaller};

use engine::client_ip::limit_key_ip;

use super::{Seen, request::Request};

/// What the request says about one part of a key.
enum Part {
    /// What is to be shown of it.
    Known(String),
    /// What is missing.
    Unknown(String),
}

/// Whom the request is counted for, by everything in the key.
pub(super) fn caller(
    key: &CallerKey,
    on_unknown: UnknownCaller,
    route: &Route,
    request: &Request,
    seen: &Seen<'_>,
) -> String {
    if key.parts.is_empty() {
        return "everybody".to_owned();
    }
    let mut known = Vec::new();
    for part in &key.parts {
        match look(part, route, request, seen) {
            Part::Known(shown) => known.push(shown),
            Part::Unknown(missing) => match on_unknown {
                UnknownCaller::Allow => return format!("no {missing}; it is not counted"),
                UnknownCaller::ClientIp => {
                    let ip = client_ip(seen);
                    known.push(format!("client_ip {ip}, for want of {missing}"));
                }
                UnknownCaller::Deny => return format!("no {missing}; it is refused"),
                UnknownCaller::Share => {
                    return format!("no {missing}; all without it share one allowance");
                }
            },
        }
    }
    known.join(" + ")
}

fn look(part: &CallerPart, route: &Route, request: &Request, seen: &Seen<'_>) -> Part {
    match part {
        // Whether a token proves anything is for the running proxy to say, which has the keys.
        CallerPart::Claim(name) => Part::Known(format!("claim {name} of its token, if verified")),
        CallerPart::ClientIp => Part::Known(format!("client_ip {}", client_ip(seen))),
        CallerPart::Cookie(name) => cookie(request, name),
        CallerPart::Header(name) => {
            let mut values = request.headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (Some(value), None) => Part::Known(format!("{name}: {}", text(value))),
                (None, _) => Part::Unknown(name.to_string()),
                (Some(_), Some(_)) => Part::Unknown(format!("single {name}")),
            }
        }
        CallerPart::PathParameter(name) => {
            match parameter(seen.path.as_str(), &route.matches.path, name) {
                Some(value) => Part::Known(format!("path {name} {value}")),
                None => Part::Unknown(format!("{{{name}}} in the path")),
            }
        }
    }
}

/// Named and not shown: its value may be all that is needed to be somebody else.
fn cookie(request: &Request, wanted: &str) -> Part {
    let lines = request.headers.get_all(http::header::COOKIE).iter();
    let crumbs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let named = crumbs.filter(|crumb| {
        let name = crumb.split(|byte| *byte == b'=').next();
        crumb.contains(&b'=') && name.is_some_and(|name| name.trim_ascii() == wanted.as_bytes())
    });
    match named.count() {
        0 => Part::Unknown(format!("cookie {wanted}")),
        1 => Part::Known(format!("cookie {wanted}")),
        _ => Part::Unknown(format!("single cookie {wanted}")),
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// What stands in the path for a parameter of the route's pattern.
fn parameter<'a>(path: &'a str, pattern: &PathPattern, name: &str) -> Option<&'a str> {
    let mut rest = path.strip_prefix('/')?;
    for segment in &pattern.segments {
        if let PathSegment::Rest(one) = segment {
            return (one == name).then_some(rest);
        }
        let (here, after) = rest.split_once('/').unwrap_or((rest, ""));
        if matches!(segment, PathSegment::Parameter(one) if one == name) {
            return Some(here);
        }
        rest = after;
    }
    None
}

fn client_ip(seen: &Seen<'_>) -> String {
    let ip = limit_key_ip(seen.client.ip);
    match ip.is_ipv6() {
        true => format!("{ip}/64"),
        false => ip.to_string(),
    }
}
