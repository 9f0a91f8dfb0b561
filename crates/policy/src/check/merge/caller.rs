//! Who counts as one caller, and for how long a request may be held back.

use std::time::Duration;

use crate::{
    CallerKey, PathPattern, PathSegment, UnknownCaller,
    check::caller::{read_caller_key, show_caller_key},
    diagnostic::Code,
    file::{At, CallerPartFile, OneOrList, OrOff, Time, UnknownCallerWord},
    spelling::show_duration,
};

use super::{
    Governed,
    picker::{Picker, Stack, Wrong},
};

/// Who counts as one caller; the address when no layer says.
pub(super) fn caller_key<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    get: impl Fn(&B) -> Option<&At<OneOrList<CallerPartFile>>> + Copy,
    route: Governed<'_>,
) -> CallerKey {
    check_path(picker, stack, get, route);
    let default = CallerKey::client_ip();
    picker.pick(stack, "key", get, read_caller_key, default, show_caller_key)
}

/// Whose callers share; nobody's when no layer says.
pub(super) fn tenant_key<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    get: impl Fn(&B) -> Option<&At<OneOrList<CallerPartFile>>> + Copy,
    route: Governed<'_>,
) -> CallerKey {
    check_path(picker, stack, get, route);
    let default = CallerKey::default();
    picker.pick(
        stack,
        "tenant",
        get,
        read_caller_key,
        default,
        |key| match key.parts.is_empty() {
            true => "each caller by itself".to_owned(),
            false => show_caller_key(key),
        },
    )
}

/// Parameters of a path can only be compared with one here.
fn check_path<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    get: impl Fn(&B) -> Option<&At<OneOrList<CallerPartFile>>> + Copy,
    route: Governed<'_>,
) {
    let (Some(path), Some(key)) = (route.path, stack.last(get)) else {
        return;
    };
    for part in key.items() {
        let CallerPartFile::Path(name) = &part.value else {
            continue;
        };
        // A name with braces or the like has been reported.
        if has_parameter(path, &name.value) || name.value.contains(['{', '}', '*', '/']) {
            continue;
        }
        let shown = picker.findings.show(name);
        let message = format!(
            "the path of the route `{}` has no `{{{shown}}}`",
            route.name
        );
        picker.wrong.push(Wrong {
            node: name.node,
            code: Code::BadCallerKey,
            message,
            help: "name a parameter that every route with this key has: `id` of the path \
                   `/users/{id}`",
        });
    }
}

fn has_parameter(path: &PathPattern, wanted: &str) -> bool {
    path.segments.iter().any(|segment| match segment {
        PathSegment::Literal(_) => false,
        PathSegment::Parameter(name) | PathSegment::Rest(name) => name == wanted,
    })
}

pub(super) fn on_unknown<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    get: impl Fn(&B) -> Option<&At<UnknownCallerWord>>,
) -> UnknownCaller {
    picker.pick(
        stack,
        "on_unknown",
        get,
        |word| match word {
            UnknownCallerWord::Allow => UnknownCaller::Allow,
            UnknownCallerWord::ClientIp => UnknownCaller::ClientIp,
            UnknownCallerWord::Deny => UnknownCaller::Deny,
            UnknownCallerWord::Share => UnknownCaller::Share,
        },
        UnknownCaller::default(),
        |unknown| match unknown {
            UnknownCaller::Allow => "allow".to_owned(),
            UnknownCaller::ClientIp => "client_ip".to_owned(),
            UnknownCaller::Deny => "deny".to_owned(),
            UnknownCaller::Share => "share".to_owned(),
        },
    )
}

/// How long a request may be held back; not at all when no layer says.
pub(super) fn wait<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    field: &str,
    get: impl Fn(&B) -> Option<&At<OrOff<Time>>>,
) -> Option<Duration> {
    picker.pick(
        stack,
        field,
        get,
        |time| time.on().map(|time| time.0),
        None,
        |time| time.map_or_else(|| "off".to_owned(), show_duration),
    )
}
