//! Routes that no request can reach.
//!
//! Routes are tried from the most specific to the least, and one that fails lets the next one try. So
//! a route is dead only when one that is tried *before* it takes everything it would take. A route
//! that is tried before and matches a superset of hosts or paths has the same host and the same path:
//! a wider pattern is less specific and therefore tried later. What remains are methods and
//! conditions. The answer may miss a dead route (several routes together can hide one), but never
//! calls a living one dead.

use std::collections::HashMap;

use http::HeaderName;

use crate::{FieldMatch, HostPattern, PathPattern, PathSegment, Route, RouteMatch, TextMatch};

/// What one route does to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    Hides,
    Leaves,
}

/// For each route that cannot be reached: its index, and that of a route that hides it.
pub(super) fn unreachable(routes: &[Route]) -> Vec<(usize, usize)> {
    // There may be thousands of routes, but few with one path.
    let mut same_path: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, route) in routes.iter().enumerate() {
        let path = without_names(&route.matches.path);
        same_path.entry(path).or_default().push(index);
    }
    let mut dead: Vec<(usize, usize)> = same_path
        .values()
        .flat_map(|group| unreachable_among(routes, group))
        .collect();
    dead.sort_unstable();
    dead
}

/// The same for routes that share a path.
fn unreachable_among(routes: &[Route], group: &[usize]) -> Vec<(usize, usize)> {
    let mut dead = Vec::new();
    for &index in group {
        let route = &routes[index].matches;
        let hosts: Vec<Option<&HostPattern>> = if route.hosts.is_empty() {
            vec![None]
        } else {
            route.hosts.iter().map(Some).collect()
        };
        let hidden_by = |host: Option<&HostPattern>| {
            group.iter().copied().find(|&other| {
                let candidate = (other, &routes[other].matches);
                other != index && hides(candidate, (index, route), host) == Cover::Hides
            })
        };
        let hiders: Option<Vec<usize>> = hosts.into_iter().map(hidden_by).collect();
        let first = hiders.and_then(|hiders| hiders.first().copied());
        dead.extend(first.map(|hider| (index, hider)));
    }
    dead
}

/// Whether the first of two routes with one path takes, before the second is asked, all that the
/// second would take for one of its hosts (`None`: for any host).
fn hides(
    (first_index, first): (usize, &RouteMatch),
    (second_index, second): (usize, &RouteMatch),
    host: Option<&HostPattern>,
) -> Cover {
    let same_host = || match host {
        None => first.hosts.is_empty(),
        Some(host) => first.hosts.contains(host),
    };
    // A list of methods is more specific than none, so a route without one comes later.
    let methods_covered = || {
        let (ours, theirs) = (&first.methods, &second.methods);
        ours.is_empty() == theirs.is_empty() && theirs.iter().all(|method| ours.contains(method))
    };
    let tried_before = || {
        let conditions = |route: &RouteMatch| route.headers.len() + route.query.len();
        let (ours, theirs) = (conditions(first), conditions(second));
        ours > theirs || (ours == theirs && first_index < second_index)
    };
    let conditions_implied = || {
        all_implied::<HeaderName>(&first.headers, &second.headers)
            && all_implied::<String>(&first.query, &second.query)
    };
    if same_host() && methods_covered() && tried_before() && conditions_implied() {
        Cover::Hides
    } else {
        Cover::Leaves
    }
}

/// The path with every name left out; literals hold no braces, so this is unambiguous.
fn without_names(path: &PathPattern) -> String {
    let mut shape = String::new();
    for segment in &path.segments {
        shape.push('/');
        shape.push_str(match segment {
            PathSegment::Literal(text) => text,
            PathSegment::Parameter(_) => "{}",
            PathSegment::Rest(_) => "{*}",
        });
    }
    shape
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
