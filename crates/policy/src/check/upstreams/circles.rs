//! Upstreams that answer for each other, or copy to each other, in a circle: the first would never
//! come to an end when all of them fail, and the second would never come to an end at all.

use crate::{
    OpenAnswer, Upstream,
    check::findings::Findings,
    diagnostic::Code,
    file::{File, UpstreamFile},
    suggest::listed,
    tree::NodeId,
};

pub(super) fn check_circles(findings: &mut Findings<'_>, file: &File, upstreams: &[Upstream]) {
    let shapes = file.upstreams.as_ref().map_or(&[][..], |at| &at.value.0);
    for (index, (_, shape)) in shapes.iter().enumerate() {
        let answer = answer_node(&shape.value);
        if let Some((circle, node)) = circle(upstreams, index, answers_for).zip(answer) {
            let names = names(upstreams, &circle);
            let message = format!("{names} answer for each other in a circle");
            let help = "let the last of them refuse, or answer from the cache: `answer: stale`";
            findings.error(node, Code::Contradiction, message, help);
        }
        let mirror = mirror_node(&shape.value);
        if let Some((circle, node)) = circle(upstreams, index, copies_to).zip(mirror) {
            let names = names(upstreams, &circle);
            let message = format!("{names} copy to each other in a circle");
            let help = "remove one of the mirrors; a copy would be copied again and again";
            findings.error(node, Code::Contradiction, message, help);
        }
    }
}

fn answer_node(shape: &UpstreamFile) -> Option<NodeId> {
    let answer = shape.breaker.as_ref()?.value.answer.as_ref();
    answer.map(|at| at.node)
}

fn mirror_node(shape: &UpstreamFile) -> Option<NodeId> {
    let upstream = shape.mirror.as_ref()?.value.upstream.as_ref();
    upstream.map(|at| at.node)
}

fn answers_for(upstream: &Upstream) -> Option<usize> {
    match upstream.breaker.as_ref()?.answer {
        OpenAnswer::Refuse | OpenAnswer::Stale => None,
        OpenAnswer::Upstream(index) => Some(index),
    }
}

fn copies_to(upstream: &Upstream) -> Option<usize> {
    upstream.mirror.as_ref().map(|mirror| mirror.upstream)
}

/// The way from an upstream back to itself, through others; only the first of a circle tells it.
fn circle(
    upstreams: &[Upstream],
    first: usize,
    next: impl Fn(&Upstream) -> Option<usize>,
) -> Option<Vec<usize>> {
    let mut way = vec![first];
    let mut at = next(upstreams.get(first)?)?;
    while !way.contains(&at) {
        way.push(at);
        at = next(upstreams.get(at)?)?;
    }
    // One that names itself has been reported.
    let told_here = at == first && way.len() > 1 && way.iter().all(|other| *other >= first);
    told_here.then_some(way)
}

fn names(upstreams: &[Upstream], circle: &[usize]) -> String {
    let names = circle.iter().filter_map(|index| upstreams.get(*index));
    listed(names.map(|upstream| upstream.name.as_str()), "and")
}
