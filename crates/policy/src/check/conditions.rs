//! What a route asks of a request: host, path, methods, headers, query.

use http::{HeaderName, Method};

use crate::{
    FieldMatch, HostPattern, PathPattern, PathSegment, RouteMatch, TextMatch,
    diagnostic::Code,
    file::{At, ConditionFile, ConditionKeys, MatchFile, Named},
};

use super::findings::Findings;

const LONGEST_HOST: usize = 253;

pub(super) fn check_match(
    findings: &mut Findings<'_>,
    matches: Option<&At<MatchFile>>,
) -> RouteMatch {
    let Some(matches) = matches.map(|matches| &matches.value) else {
        return RouteMatch::default();
    };
    let hosts = matches.host.as_ref().map_or_else(Vec::new, |at| {
        let items = at.items();
        if items.is_empty() {
            empty(findings, at);
        }
        items
            .iter()
            .filter_map(|host| check_host(findings, host))
            .collect()
    });
    let path = matches
        .path
        .as_ref()
        .and_then(|path| check_path(findings, path));
    let methods = matches.methods.as_ref().map_or_else(Vec::new, |at| {
        if at.value.is_empty() {
            empty(findings, at);
        }
        let methods = at.value.iter();
        methods
            .filter_map(|method| check_method(findings, method))
            .collect()
    });
    RouteMatch {
        hosts,
        path: path.unwrap_or_default(),
        methods,
        headers: check_conditions(findings, matches.headers.as_ref(), header_name),
        query: check_conditions(findings, matches.query.as_ref(), query_name),
    }
}

pub(super) fn empty<T>(findings: &mut Findings<'_>, list: &At<T>) {
    let message = "an empty list would match nothing".to_owned();
    findings.error(
        list.node,
        Code::Empty,
        message,
        "leave it out to match everything",
    );
}

fn check_host(findings: &mut Findings<'_>, host: &At<String>) -> Option<HostPattern> {
    match parse_host(&host.value) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            let message = format!("`{}` is not a host pattern: {why}", findings.show(host));
            let help = "write `api.example.com`, or `*.example.com` for every name below it";
            findings.error(host.node, Code::BadHost, message, help);
            None
        }
    }
}

/// Reads `api.example.com`, `*.example.com`, `10.0.0.1` or `[::1]`.
pub(super) fn parse_host(text: &str) -> Result<HostPattern, &'static str> {
    let text = text.to_ascii_lowercase();
    if let Some(inside) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        let address = inside.parse::<std::net::Ipv6Addr>();
        return match address {
            Ok(address) => Ok(HostPattern::Exact(format!("[{address}]"))),
            Err(_) => Err("the address is not IPv6"),
        };
    }
    if text.contains("://") || text.contains('/') {
        return Err("a host has neither scheme nor path");
    }
    if text.contains(':') {
        return Err("a host is matched without its port");
    }
    let (below, name) = match text.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, text.as_str()),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name == "*" {
        return Err("leave `host` out to match every host");
    }
    if name.contains('*') {
        return Err("`*` can only stand for the first labels, as in `*.example.com`");
    }
    if name.len() > LONGEST_HOST {
        return Err("it is longer than a name can be");
    }
    let label = |label: &str| {
        let mut bytes = label.bytes();
        let plain = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        !label.is_empty() && label.len() <= 63 && plain
    };
    if !name.split('.').all(label) {
        return Err("a name is made of letters, digits and `-`, between single dots");
    }
    Ok(if below {
        HostPattern::Below(name.to_owned())
    } else {
        HostPattern::Exact(name.to_owned())
    })
}

fn check_path(findings: &mut Findings<'_>, path: &At<String>) -> Option<PathPattern> {
    match parse_path(&path.value) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            let message = format!("`{}` is not a path pattern: {why}", findings.show(path));
            let help =
                "write `/exact`, `/items/{id}` for one segment or `/files/{*rest}` for the rest";
            findings.error(path.node, Code::BadPath, message, help);
            None
        }
    }
}

/// Reads `/a/{one}/{*rest}`.
pub(super) fn parse_path(text: &str) -> Result<PathPattern, &'static str> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err("it does not begin with `/`");
    };
    if text.len() > 1024 {
        return Err("it is longer than 1024 bytes");
    }
    let mut segments = Vec::new();
    let mut names = Vec::new();
    let mut parts = rest.split('/').peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let segment = parse_segment(part, last)?;
        if let PathSegment::Parameter(name) | PathSegment::Rest(name) = &segment {
            if names.contains(name) {
                return Err("a name stands in it twice");
            }
            names.push(name.clone());
        }
        segments.push(segment);
    }
    Ok(PathPattern { segments })
}

fn parse_segment(part: &str, last: bool) -> Result<PathSegment, &'static str> {
    let braced = part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'));
    let Some(inside) = braced else {
        return match part {
            "." | ".." => Err("`.` and `..` are resolved before routes are asked"),
            "" if !last => Err("it has an empty segment in the middle"),
            _ if part.contains(['{', '}']) => Err("`{..}` must be a whole segment"),
            _ if part.contains(['?', '#']) => Err("a path has neither query nor fragment"),
            _ if part.contains('*') => Err("`*` is written `{*rest}`"),
            _ if !part.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err("spaces and characters beyond ASCII must be percent-encoded")
            }
            _ => Ok(PathSegment::Literal(part.to_owned())),
        };
    };
    let (rest, name) = match inside.strip_prefix('*') {
        Some(name) => (true, name),
        None => (false, inside),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("the name in `{..}` is made of letters, digits and `_`");
    }
    match (rest, last) {
        (true, false) => Err("`{*..}` takes all the rest and must come last"),
        (true, true) => Ok(PathSegment::Rest(name.to_owned())),
        (false, _) => Ok(PathSegment::Parameter(name.to_owned())),
    }
}

pub(super) fn check_method(findings: &mut Findings<'_>, method: &At<String>) -> Option<Method> {
    let shown = findings.show(method).to_owned();
    let parsed = Method::from_bytes(method.value.as_bytes()).ok();
    if parsed.is_none() {
        let message = format!("`{shown}` is not a method");
        findings.error(
            method.node,
            Code::BadMethod,
            message,
            "such as `GET` or `POST`",
        );
    } else if method.value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        // Methods are case-sensitive (RFC 9110, section 9.1): `get` would never match.
        let message = format!("`{shown}` is not written in capitals");
        let help = "methods are case-sensitive and registered ones are capitals: `GET`";
        findings.error(method.node, Code::BadMethod, message, help);
    }
    parsed
}

fn header_name(name: &str) -> Result<HeaderName, &'static str> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| "this is not the name of a header")
}

fn query_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() {
        return Err("a query parameter has a name");
    }
    Ok(name.to_owned())
}

fn check_conditions<N>(
    findings: &mut Findings<'_>,
    conditions: Option<&At<Named<ConditionFile>>>,
    read_name: impl Fn(&str) -> Result<N, &'static str>,
) -> Vec<FieldMatch<N>>
where
    N: PartialEq,
{
    let mut checked: Vec<FieldMatch<N>> = Vec::new();
    for (name, condition) in conditions.map_or(&[][..], |at| &at.value.0) {
        let value = check_condition(findings, condition);
        match read_name(name) {
            Err(why) => {
                let message = format!("`{name}`: {why}");
                findings.key_error(condition.node, Code::BadCondition, message, "");
            }
            Ok(field) if checked.iter().any(|other| other.name == field) => {
                let message = format!("there is already a condition on `{name}`");
                let help = "header names do not differ by case; keep one condition";
                findings.key_error(condition.node, Code::BadCondition, message, help);
            }
            Ok(name) => checked.extend(value.map(|value| FieldMatch { name, value })),
        }
    }
    checked
}

fn check_condition(
    findings: &mut Findings<'_>,
    condition: &At<ConditionFile>,
) -> Option<TextMatch> {
    let keys = match &condition.value {
        ConditionFile::Text(text) => return Some(TextMatch::Exact(text.clone())),
        ConditionFile::Keys(keys) => keys,
    };
    let mut given = all_conditions(keys);
    if given.len() == 1 {
        return given.pop();
    }
    let message = format!("this condition has {} of its four fields", given.len());
    let help = "give exactly one of `exact`, `prefix`, `present` and `absent`";
    findings.key_error(condition.node, Code::BadCondition, message, help);
    None
}

fn all_conditions(keys: &ConditionKeys) -> Vec<TextMatch> {
    let there = |there: bool| {
        if there {
            TextMatch::Present
        } else {
            TextMatch::Absent
        }
    };
    let exact = keys
        .exact
        .as_ref()
        .map(|at| TextMatch::Exact(at.value.clone()));
    let prefix = keys
        .prefix
        .as_ref()
        .map(|at| TextMatch::Prefix(at.value.clone()));
    let present = keys.present.as_ref().map(|at| there(at.value));
    let absent = keys.absent.as_ref().map(|at| there(!at.value));
    [exact, prefix, present, absent]
        .into_iter()
        .flatten()
        .collect()
}
