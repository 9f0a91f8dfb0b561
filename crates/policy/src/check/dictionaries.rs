//! Dictionaries that clients find at one place: whoever asks there can only get one of them.

use crate::{Dictionary, HostPattern, diagnostic::Code, tree::NodeId};

use super::findings::Findings;

/// The dictionaries so far, each where clients find it.
#[derive(Debug, Default)]
pub(super) struct Dictionaries(Vec<Found>);

#[derive(Debug)]
struct Found {
    /// Those of its route; empty for any.
    hosts: Vec<HostPattern>,
    dictionary: Dictionary,
    /// What may be shown of the name of its route.
    route: String,
    line: usize,
}

// === impl Dictionaries ===

impl Dictionaries {
    /// Remembers a route's dictionary, and reports one that would be hidden behind another. The same one
    /// for several routes is what a policy that they share comes to.
    pub(super) fn place(
        &mut self,
        findings: &mut Findings<'_>,
        route: &str,
        hosts: &[HostPattern],
        dictionary: &Dictionary,
        node: NodeId,
    ) {
        let other = self.0.iter().find(|found| {
            found.dictionary.path == dictionary.path
                && found.dictionary != *dictionary
                && share_a_host(&found.hosts, hosts)
        });
        if let Some(other) = other {
            let message = format!(
                "the dictionary of the route `{}` in line {} has the same path on the same host",
                other.route, other.line
            );
            let help = "give each a path of its own, or make them one dictionary";
            findings.error(node, Code::Contradiction, message, help);
        }
        self.0.push(Found {
            hosts: hosts.to_vec(),
            dictionary: dictionary.clone(),
            route: route.to_owned(),
            line: findings.line(node),
        });
    }
}

/// Whether there is a host of both.
fn share_a_host(one: &[HostPattern], other: &[HostPattern]) -> bool {
    let is_any = one.is_empty() || other.is_empty();
    is_any || (one.iter()).any(|one| other.iter().any(|other| one.overlaps(other)))
}
