//! What a route's batches come to.

use std::time::Duration;

use crate::{
    BatchKind, BatchPolicy, ByteSize, Mode, PathSegment,
    diagnostic::Code,
    file::{At, BatchBodyFile, BatchFile, BatchPathFile},
    spelling::show_duration,
    tree::NodeId,
};

use super::{
    Governed, Layer,
    picker::{Picker, Stack, Wrong},
    stack,
};

/// The batches of all layers, if the route ends up with a whole description of them.
pub(super) fn merge_batch(
    picker: &mut Picker<'_, '_>,
    layers: &[Layer<'_>],
    route: Governed<'_>,
) -> Option<BatchPolicy> {
    let whole = stack("batch", layers, |layer| layer.blocks.batch)?;
    let mut nodes = layers.iter().rev();
    let node = nodes.find_map(|layer| layer.blocks.batch)?.node;
    let mode = picker.mode(&whole, |block| block.mode.as_ref());
    let kind = kind(picker, &whole, layers, node, mode, route)?;
    Some(BatchPolicy {
        mode,
        kind,
        max_size: picker.pick(
            &whole,
            "max_size",
            |block| block.max_size.as_ref(),
            |count| u32::try_from(count.0).unwrap_or(u32::MAX),
            20,
            u32::to_string,
        ),
        max_wait: picker.pick(
            &whole,
            "max_wait",
            |block| block.max_wait.as_ref(),
            |time| time.0,
            Duration::from_millis(5),
            |time| show_duration(*time),
        ),
        max_answer: picker.pick(
            &whole,
            "max_answer",
            |block| block.max_answer.as_ref(),
            |size| size.0,
            ByteSize::from_bytes(1 << 20),
            ByteSize::to_string,
        ),
    })
}

fn kind(
    picker: &mut Picker<'_, '_>,
    whole: &Stack<'_, BatchFile>,
    layers: &[Layer<'_>],
    node: NodeId,
    mode: Mode,
    route: Governed<'_>,
) -> Option<BatchKind> {
    let path = below(whole, "batch.path", |block| block.path.as_ref());
    let body = below(whole, "batch.body", |block| block.body.as_ref());
    // What could not be read has been reported.
    let lost = layers
        .iter()
        .filter_map(|layer| layer.blocks.batch)
        .any(|at| {
            ["path", "body"]
                .iter()
                .any(|field| picker.findings.lost_in(at.node, field))
        });
    match (path, body) {
        (Some(path), None) => path_kind(picker, &path, (node, lost), route),
        (None, Some(body)) => body_kind(picker, &body, (node, lost), route),
        (None, None) if lost || mode == Mode::Off => None,
        (None, None) => {
            let name = route.name;
            let message = format!("nothing says what the route `{name}` puts together");
            let help = "add `path: {parameter: id, request: \"/users?ids={ids}\"}`, or `body`";
            wrong(picker, node, Code::Missing, message, help);
            None
        }
        (Some(_), Some(_)) => {
            let name = route.name;
            let message = format!("the batch of the route `{name}` has both `path` and `body`");
            let help = "it has exactly one of them, what the route uses included";
            wrong(picker, node, Code::Contradiction, message, help);
            None
        }
    }
}

fn path_kind(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BatchPathFile>,
    at: (NodeId, bool),
    route: Governed<'_>,
) -> Option<BatchKind> {
    let parameter = text(picker, stack, "parameter", None, |one| {
        one.parameter.as_ref()
    });
    let request = text(picker, stack, "request", None, |one| one.request.as_ref());
    let separator = text(picker, stack, "separator", Some(","), |one| {
        one.separator.as_ref()
    });
    let answers = text(picker, stack, "answers", Some(""), |one| {
        one.answers.as_ref()
    });
    let id = text(picker, stack, "id", Some("id"), |one| one.id.as_ref());
    let parameter = required(picker, parameter, at, "path.parameter", route);
    let request = required(picker, request, at, "path.request", route);
    if let (Some(name), Some(path), Some(node)) = (
        &parameter,
        route.path,
        stack.said(|one| one.parameter.as_ref()),
    ) {
        let is_it =
            |segment: &PathSegment| matches!(segment, PathSegment::Parameter(one) if one == name);
        // A name with braces has been reported already.
        if !name.contains(['{', '}']) && !path.segments.iter().any(is_it) {
            let shown = picker.findings.written(node).unwrap_or(name);
            let message = format!(
                "the path of the route `{}` has no parameter `{{{shown}}}`",
                route.name
            );
            let help = "name one that is a whole segment: `id` of the path `/users/{id}`";
            wrong(picker, node, Code::BadBatch, message, help);
        }
    }
    if let (Some(name), Some(request), Some(path), Some(node)) = (
        &parameter,
        &request,
        route.path,
        stack.said(|one| one.request.as_ref()),
    ) {
        fill_in(picker, name, request, &path.segments, (node, route.name));
    }
    Some(BatchKind::Path {
        parameter: parameter?,
        request: request?,
        separator: separator?,
        answers: answers?,
        id: id?,
    })
}

/// What else of its path tells requests apart must be in the request for all of them, or it would ask
/// for the wrong ones; and nothing can be filled in that the path does not have.
fn fill_in(
    picker: &mut Picker<'_, '_>,
    parameter: &str,
    request: &str,
    path: &[PathSegment],
    (node, route): (NodeId, &str),
) {
    // That it is missing has been reported.
    if !path.contains(&PathSegment::Parameter(parameter.to_owned())) {
        return;
    }
    let others: Vec<(&str, bool)> = path
        .iter()
        .filter_map(|segment| match segment {
            PathSegment::Literal(_) => None,
            PathSegment::Parameter(name) => Some((name.as_str(), true)),
            PathSegment::Rest(name) => Some((name.as_str(), false)),
        })
        .filter(|(name, _)| *name != parameter)
        .collect();
    let wanted: Vec<&str> = request
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| *name != "ids")
        .collect();
    for (name, one_segment) in &others {
        if !one_segment || !wanted.contains(name) {
            let message = format!(
                "requests of the route `{route}` differ in `{{{name}}}`, and the batch has no place \
                 for it"
            );
            let help = "write the name in braces into `request`, such as `/shops/{shop}/users?ids={ids}`; \
                        it must be one segment of the path";
            wrong(picker, node, Code::BadBatch, message, help);
        }
    }
    for name in wanted {
        if !others.contains(&(name, true)) {
            let message =
                format!("the path of the route `{route}` has no `{{{name}}}` to be filled in");
            let help = "`{ids}` stands for all of them, other names for parameters of the path in \
                        which they agree";
            wrong(picker, node, Code::BadBatch, message, help);
        }
    }
}

fn body_kind(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BatchBodyFile>,
    at: (NodeId, bool),
    route: Governed<'_>,
) -> Option<BatchKind> {
    let items = text(picker, stack, "items", None, |one| one.items.as_ref());
    let answers = text(picker, stack, "answers", None, |one| one.answers.as_ref());
    let index = text(picker, stack, "index", None, |one| one.index.as_ref());
    let items = required(picker, items, at, "body.items", route);
    let answers = required(picker, answers, at, "body.answers", route);
    Some(BatchKind::Body {
        items: items?,
        answers: answers?,
        index,
    })
}

/// The layers that say something of one part of a block.
fn below<'f, P>(
    whole: &Stack<'f, BatchFile>,
    prefix: &str,
    get: impl Fn(&'f BatchFile) -> Option<&'f At<P>>,
) -> Option<Stack<'f, P>> {
    let layers: Vec<_> = whole
        .layers
        .iter()
        .filter_map(|(policy, block)| get(block).map(|at| (*policy, &at.value)))
        .collect();
    (!layers.is_empty()).then(|| Stack {
        prefix: prefix.to_owned(),
        layers,
    })
}

/// A text, which is noted only when there is one.
fn text<P>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, P>,
    field: &str,
    default: Option<&str>,
    get: impl Fn(&P) -> Option<&At<String>>,
) -> Option<String> {
    let said = stack.layers.iter().any(|(_, block)| get(block).is_some());
    if !said && default.is_none() {
        return None;
    }
    Some(picker.pick(
        stack,
        field,
        get,
        String::clone,
        default.unwrap_or_default().to_owned(),
        |text| format!("\"{text}\""),
    ))
}

fn required(
    picker: &mut Picker<'_, '_>,
    value: Option<String>,
    (node, lost): (NodeId, bool),
    field: &str,
    route: Governed<'_>,
) -> Option<String> {
    if value.is_none() && !lost {
        let message = format!("the batch of the route `{}` has no `{field}`", route.name);
        let help = "add it here, or to a policy that the route uses";
        wrong(picker, node, Code::Missing, message, help);
    }
    value
}

fn wrong(
    picker: &mut Picker<'_, '_>,
    node: NodeId,
    code: Code,
    message: String,
    help: &'static str,
) {
    picker.wrong.push(Wrong {
        node,
        code,
        message,
        help,
    });
}
