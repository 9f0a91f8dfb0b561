//! What callers are told apart by, wherever they are counted.

use http::HeaderName;

use crate::{
    CallerKey, CallerPart,
    diagnostic::Code,
    file::{At, CallerPartFile, OneOrList},
};

use super::{
    cache::{check_claim, check_cookie, not_verified},
    findings::Findings,
    known::{Known, Verified},
};

/// More parts than this are a mistake rather than a wish; each is looked up for each request.
const MOST_PARTS: usize = 4;

pub(super) fn check_caller_key(
    findings: &mut Findings<'_>,
    key: &At<OneOrList<CallerPartFile>>,
    known: &Known<'_>,
) {
    let items = key.items();
    if items.is_empty() && !findings.lost_at(key.node) {
        let message = "nothing tells callers apart".to_owned();
        let help = "write `client_ip`, or `everybody` if all of them are one";
        findings.error(key.node, Code::Empty, message, help);
    }
    if items.len() > MOST_PARTS {
        let message = format!("these are {} parts", items.len());
        findings.error(key.node, Code::OutOfBounds, message, "there may be 4");
    }
    for (index, item) in items.iter().enumerate() {
        check_part(findings, item, known);
        let part = read_part(&item.value);
        let before = || items[..index].iter().map(|item| read_part(&item.value));
        if part.is_some() && before().any(|other| other == part) {
            let message = "this part is listed twice".to_owned();
            findings.error(item.node, Code::ListedTwice, message, "remove one");
        }
        if matches!(item.value, CallerPartFile::Everybody) && items.len() > 1 {
            let message = "`everybody` stands beside what tells callers apart".to_owned();
            let help = "remove one or the other";
            findings.error(item.node, Code::Contradiction, message, help);
        }
    }
}

fn check_part(findings: &mut Findings<'_>, part: &At<CallerPartFile>, known: &Known<'_>) {
    match &part.value {
        CallerPartFile::ClientIp | CallerPartFile::Everybody => {}
        CallerPartFile::Claim(name) => {
            check_claim(findings, name);
            if known.verified() == Verified::No {
                not_verified(findings, name);
            }
        }
        CallerPartFile::Cookie(name) => check_cookie(findings, name),
        CallerPartFile::Header(name) => {
            if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
                let message = format!("`{}` is not the name of a header", findings.show(name));
                let help = "such as `X-Api-Key`";
                findings.error(name.node, Code::BadHeaderName, message, help);
            }
        }
        CallerPartFile::Path(name) => {
            if name.value.is_empty() || name.value.contains(['{', '}', '*', '/']) {
                let message = format!("`{}` is not the name of a parameter", findings.show(name));
                let help = "without braces: `id` of the path `/users/{id}`";
                findings.error(name.node, Code::BadName, message, help);
            }
        }
    }
}

/// The key of a block; a part that cannot be one has been reported.
pub(super) fn read_caller_key(key: &OneOrList<CallerPartFile>) -> CallerKey {
    CallerKey {
        parts: match key {
            OneOrList::Many(items) => items
                .iter()
                .filter_map(|item| read_part(&item.value))
                .collect(),
            OneOrList::One(item) => read_part(item).into_iter().collect(),
        },
    }
}

/// `None` for everybody, and for what is not the name of a header.
fn read_part(part: &CallerPartFile) -> Option<CallerPart> {
    Some(match part {
        CallerPartFile::Claim(name) => CallerPart::Claim(name.value.clone()),
        CallerPartFile::ClientIp => CallerPart::ClientIp,
        CallerPartFile::Cookie(name) => CallerPart::Cookie(name.value.clone()),
        CallerPartFile::Everybody => return None,
        CallerPartFile::Header(name) => {
            CallerPart::Header(HeaderName::from_bytes(name.value.as_bytes()).ok()?)
        }
        CallerPartFile::Path(name) => CallerPart::PathParameter(name.value.clone()),
    })
}

/// A key as the file would spell it.
pub(super) fn show_caller_key(key: &CallerKey) -> String {
    match &key.parts[..] {
        [] => "everybody".to_owned(),
        [part] => show_part(part),
        parts => format!(
            "[{}]",
            parts.iter().map(show_part).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn show_part(part: &CallerPart) -> String {
    match part {
        CallerPart::Claim(name) => format!("{{claim: {name}}}"),
        CallerPart::ClientIp => "client_ip".to_owned(),
        CallerPart::Cookie(name) => format!("{{cookie: {name}}}"),
        CallerPart::Header(name) => format!("{{header: {name}}}"),
        CallerPart::PathParameter(name) => format!("{{path: {name}}}"),
    }
}
