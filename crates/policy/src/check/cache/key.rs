//! What may be part of a cache key, and what may not because it says nothing or too much.

use http::{HeaderName, header};

use crate::{
    ByteSize,
    check::{
        findings::Findings,
        known::{Known, Verified},
    },
    diagnostic::Code,
    file::{At, BodyKeyFile, DimensionFields, KeyFile},
};

/// Lists beyond these lengths are a mistake rather than a wish.
const MOST_NAMES: usize = 16;
const MOST_LANGUAGES: usize = 64;
const LONGEST_CLAIM: usize = 128;
const LARGEST_BODY: ByteSize = ByteSize::from_bytes(1 << 20);

pub(super) fn check_key(findings: &mut Findings<'_>, key: &KeyFile, known: &mut Known<'_>) {
    if let Some(query) = &key.query {
        let patterns = [&query.value.keep, &query.value.ignore];
        for pattern in patterns.into_iter().flatten().flat_map(|at| &at.value) {
            check_query_pattern(findings, pattern);
        }
    }
    check_dimensions(findings, key.dimensions(), known.verified());
    if let Some(persona) = &key.persona {
        known.use_persona(findings, persona);
    }
    if let Some(claim) = &key.per_user {
        check_claim(findings, claim);
        if known.verified() == Verified::No {
            not_verified(findings, claim);
        }
    }
    if let Some(body) = &key.body {
        check_body(findings, &body.value);
    }
}

pub(super) fn check_dimensions(
    findings: &mut Findings<'_>,
    fields: DimensionFields<'_>,
    verified: Verified,
) {
    let any_case = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let exactly = |one: &str, other: &str| one == other;
    if let Some(headers) = fields.headers {
        findings.at_most(headers, MOST_NAMES, "headers");
        headers
            .value
            .iter()
            .for_each(|at| check_header(findings, at));
        findings.listed_once(&headers.value, any_case);
    }
    if let Some(cookies) = fields.cookies {
        findings.at_most(cookies, MOST_NAMES, "cookies");
        cookies
            .value
            .iter()
            .for_each(|at| check_cookie(findings, at));
        findings.listed_once(&cookies.value, exactly);
    }
    if let Some(claims) = fields.claims {
        findings.at_most(claims, MOST_NAMES, "claims");
        claims.value.iter().for_each(|at| check_claim(findings, at));
        findings.listed_once(&claims.value, exactly);
        if verified == Verified::No && !claims.value.is_empty() {
            not_verified(findings, claims);
        }
    }
    if let Some(tags) = fields.language {
        findings.at_most(tags, MOST_LANGUAGES, "languages");
        tags.value
            .iter()
            .for_each(|at| check_language(findings, at));
        findings.listed_once(&tags.value, any_case);
    }
}

pub(in crate::check) fn not_verified<T>(findings: &mut Findings<'_>, claim: &At<T>) {
    let message = "the file has no `identity`, and claims count only in verified tokens".to_owned();
    let help = "add `identity: {jwt: {jwks_file: /etc/forebay/jwks.json}}`";
    findings.error(claim.node, Code::NoIdentity, message, help);
}

fn check_query_pattern(findings: &mut Findings<'_>, pattern: &At<String>) {
    let name = pattern.value.strip_suffix('*').unwrap_or(&pattern.value);
    if pattern.value.is_empty() || name.contains(['*', '&', '=', '#']) {
        let message = format!("`{}` is not a parameter pattern", findings.show(pattern));
        let help =
            "write a name, or the beginning of one and a `*`: `utm_*`; `*` alone is every one";
        findings.error(pattern.node, Code::BadQueryPattern, message, help);
    }
}

fn check_header(findings: &mut Findings<'_>, name: &At<String>) {
    let shown = findings.show(name);
    let Ok(header) = HeaderName::from_bytes(name.value.as_bytes()) else {
        let message = format!("`{shown}` is not the name of a header");
        findings.error(
            name.node,
            Code::BadHeaderName,
            message,
            "such as `X-Tenant`",
        );
        return;
    };
    let instead = match header {
        header::AUTHORIZATION => {
            "anybody can send anything in it; name what matters of a verified token in `claims`, or \
             write `per_user: sub`"
        }
        header::COOKIE => "it differs for everybody; name the cookies that matter in `cookies`",
        header::HOST => "the host is part of every key; remove it",
        _ if of_one_connection(&header) => "it is about one connection; remove it",
        _ => return,
    };
    let message = format!("`{shown}` cannot be part of a cache key");
    findings.error(name.node, Code::NotAKeyPart, message, instead);
}

/// Whether a field belongs to one connection (RFC 9110, section 7.6.1) or to a proxy the client chose.
pub(in crate::check) fn of_one_connection(header: &HeaderName) -> bool {
    matches!(
        header.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Cookie names are tokens like those of headers (RFC 6265, section 4.1.1), but case matters.
pub(in crate::check) fn check_cookie(findings: &mut Findings<'_>, name: &At<String>) {
    if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
        let message = format!("`{}` is not the name of a cookie", findings.show(name));
        let help = "one word without separators, such as `session`";
        findings.error(name.node, Code::BadName, message, help);
    }
}

pub(in crate::check) fn check_claim(findings: &mut Findings<'_>, name: &At<String>) {
    let text = &name.value;
    if text.is_empty() || text.len() > LONGEST_CLAIM || text.chars().any(char::is_control) {
        let message = format!("`{}` is not the name of a claim", findings.show(name));
        let help = "such as `sub`, at most 128 bytes";
        findings.error(name.node, Code::BadName, message, help);
    }
}

/// A tag as RFC 5646 shapes it: a language, then subtags. Whether it is registered does not matter.
fn check_language(findings: &mut Findings<'_>, tag: &At<String>) {
    let mut subtags = tag.value.split('-');
    let language = subtags.next().unwrap_or_default();
    let alphabetic = language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !(2..=8).contains(&language.len()) || !alphabetic || !subtags.all(subtag) {
        let message = format!("`{}` is not a language tag", findings.show(tag));
        let help = "such as `en`, `pt-BR` or `zh-Hant`";
        findings.error(tag.node, Code::BadLanguage, message, help);
    }
}

fn check_body(findings: &mut Findings<'_>, body: &BodyKeyFile) {
    let max_size = body.max_size.as_ref();
    findings.size(
        max_size,
        LARGEST_BODY,
        (ByteSize::from_bytes(1), LARGEST_BODY),
    );
    let Some(methods) = &body.methods else {
        return;
    };
    for method in &methods.value {
        if !matches!(method.value.as_str(), "POST" | "QUERY") {
            let shown = findings.show(method);
            let message = format!("`{shown}` cannot be cached by what its body says");
            let help = "only `QUERY` can, and `POST` where it changes nothing";
            findings.error(method.node, Code::NotAKeyPart, message, help);
        }
    }
    findings.listed_once(&methods.value, |one, other| one == other);
}
