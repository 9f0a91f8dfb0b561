//! Routes that no request can reach.
//!
//! Routes are tried from the most specific to the least, and one that fails lets the next one try. So
//! a route is dead only when one that is tried *before* it takes everything it would take. A route
//! that is tried before and matches a superset of hosts or paths has the same host and the same path:
//! a wider pattern is less specific and therefore tried later. What remains are methods and
//! conditions. The answer may miss a dead route (several routes together can hide one), but never
//! calls a living one dead.

use http::HeaderName;

use crate::{FieldMatch, HostPattern, PathSegment, Route, RouteMatch, TextMatch};

/// What one route does to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    Hides,
    Leaves,
}

/// For each route that cannot be reached: its index, and that of a route that hides it.
pub(super) fn unreachable(routes: &[Route]) -> Vec<(usize, usize)> {
    let mut dead = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let hosts: Vec<Option<&HostPattern>> = if route.matches.hosts.is_empty() {
            vec![None]
        } else {
            route.matches.hosts.iter().map(Some).collect()
        };
        let hidden_by = |host: Option<&HostPattern>| {
            routes.iter().enumerate().position(|(other, candidate)| {
                other != index
                    && hides((other, &candidate.matches), (index, &route.matches), host)
                        == Cover::Hides
            })
        };
        let hiders: Vec<Option<usize>> = hosts.into_iter().map(hidden_by).collect();
        if let Some(first) = hiders.first().copied().flatten()
            && hiders.iter().all(Option::is_some)
        {
            dead.push((index, first));
        }
    }
    dead
}

/// Whether the first route takes, before the second is asked, all that the second would take for one
/// of its hosts (`None`: for any host).
fn hides(
    (first_index, first): (usize, &RouteMatch),
    (second_index, second): (usize, &RouteMatch),
    host: Option<&HostPattern>,
) -> Cover {
    let same_host = match host {
        None => first.hosts.is_empty(),
        Some(host) => first.hosts.contains(host),
    };
    let same_path = first.path.segments.len() == second.path.segments.len()
        && first
            .path
            .segments
            .iter()
            .zip(&second.path.segments)
            .all(|pair| same_segment(pair.0, pair.1));
    // A list of methods is more specific than none, so a route without one comes later.
    let methods_covered = if second.methods.is_empty() {
        first.methods.is_empty()
    } else {
        !first.methods.is_empty()
            && second
                .methods
                .iter()
                .all(|method| first.methods.contains(method))
    };
    let tried_before = {
        let conditions = |route: &RouteMatch| route.headers.len() + route.query.len();
        let (ours, theirs) = (conditions(first), conditions(second));
        ours > theirs || (ours == theirs && first_index < second_index)
    };
    let conditions_implied = all_implied::<HeaderName>(&first.headers, &second.headers)
        && all_implied::<String>(&first.query, &second.query);
    if same_host && same_path && methods_covered && tried_before && conditions_implied {
        Cover::Hides
    } else {
        Cover::Leaves
    }
}

fn same_segment(one: &PathSegment, other: &PathSegment) -> bool {
    match (one, other) {
        (PathSegment::Literal(one), PathSegment::Literal(other)) => one == other,
        (PathSegment::Parameter(_), PathSegment::Parameter(_))
        | (PathSegment::Rest(_), PathSegment::Rest(_)) => true,
        _ => false,
    }
}

/// Whether each of the first conditions holds whenever all of the second do.
fn all_implied<N: PartialEq>(first: &[FieldMatch<N>], second: &[FieldMatch<N>]) -> bool {
    first.iter().all(|condition| {
        second
            .iter()
            .any(|given| given.name == condition.name && implies(&given.value, &condition.value))
    })
}

fn implies(given: &TextMatch, condition: &TextMatch) -> bool {
    match (given, condition) {
        (given, condition) if given == condition => true,
        (TextMatch::Exact(_) | TextMatch::Prefix(_), TextMatch::Present) => true,
        (TextMatch::Exact(text) | TextMatch::Prefix(text), TextMatch::Prefix(prefix)) => {
            text.starts_with(prefix.as_str())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
