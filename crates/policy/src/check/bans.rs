//! Penalty boxes that several routes share: whoever one of them shuts out, all of them do.

use std::collections::HashMap;

use crate::{BanPolicy, Mode, diagnostic::Code, tree::NodeId};

use super::findings::Findings;

/// The box of each name as its first route has it.
#[derive(Debug, Default)]
pub(super) struct Boxes(HashMap<String, FirstBox>);

#[derive(Debug)]
struct FirstBox {
    ban: BanPolicy,
    /// What may be shown of the name of its route.
    route: String,
    line: usize,
}

// === impl Boxes ===

impl Boxes {
    /// Remembers a route's box, and reports one that differs from another of its name.
    pub(super) fn share(
        &mut self,
        findings: &mut Findings<'_>,
        route: &str,
        ban: &BanPolicy,
        node: NodeId,
    ) {
        // A route may watch what another acts on.
        let ban = BanPolicy {
            mode: Mode::Enforce,
            ..ban.clone()
        };
        let Some(first) = self.0.get(&ban.name) else {
            let first = FirstBox {
                route: route.to_owned(),
                line: findings.line(node),
                ban,
            };
            self.0.insert(first.ban.name.clone(), first);
            return;
        };
        if first.ban != ban {
            let message = format!(
                "this ban is another than that of the same name of the route `{}` in line {}",
                first.route, first.line
            );
            let help = "bans of one name are one box: give them the same settings, all but `mode`, \
                        or this one another name";
            findings.error(node, Code::Contradiction, message, help);
        }
    }
}
