//! Items of lists that carry a name: those of the same name are layers of one.

use crate::{MOST_OF_A_ROUTE, check::findings::Findings, diagnostic::Code, file::At};

use super::{
    Layer,
    picker::{Picker, Stack, Wrong},
};

/// Everything that the layers say about one name.
pub(super) struct NamedStack<'f, B> {
    /// The name at each place it is given, first to last; never empty.
    pub(super) names: Vec<&'f At<String>>,
    pub(super) stack: Stack<'f, B>,
}

/// The items of every layer by name, in the order of first mention.
pub(super) fn by_name<'f, B>(
    findings: &Findings<'_>,
    prefix: &str,
    layers: &[Layer<'f>],
    list: impl Fn(&Layer<'f>) -> Option<&'f At<Vec<At<B>>>>,
    name: impl Fn(&'f B) -> Option<&'f At<String>>,
) -> Vec<NamedStack<'f, B>> {
    let mut stacks: Vec<NamedStack<'f, B>> = Vec::new();
    for layer in layers {
        for item in list(layer).map_or(&[][..], |at| &at.value) {
            let Some(name) = name(&item.value) else {
                continue;
            };
            let said = (layer.policy, &item.value);
            match stacks.iter_mut().find(|other| other.name() == name.value) {
                Some(other) => {
                    other.names.push(name);
                    other.stack.layers.push(said);
                }
                None => stacks.push(NamedStack {
                    names: vec![name],
                    stack: Stack {
                        prefix: format!("{prefix}.{}", findings.show(name)),
                        layers: vec![said],
                    },
                }),
            }
        }
    }
    stacks
}

/// Reports the first limit that is more than a route may have.
pub(super) fn check_number<B>(picker: &mut Picker<'_, '_>, limits: &[NamedStack<'_, B>]) {
    let surplus = limits.get(MOST_OF_A_ROUTE);
    let Some(name) = surplus.and_then(|named| named.names.first()) else {
        return;
    };
    picker.wrong.push(Wrong {
        node: name.node,
        code: Code::OutOfBounds,
        message: format!("a route has at most {MOST_OF_A_ROUTE} limits of one kind"),
        help: "one limit with a key counts any number of callers",
    });
}

// === impl NamedStack ===

impl<B> NamedStack<'_, B> {
    pub(super) fn name(&self) -> &str {
        self.names.first().map_or("", |name| &name.value)
    }

    /// Whether a field of it was there and could not be read, in any layer.
    pub(super) fn lost(&self, findings: &Findings<'_>, field: &str) -> bool {
        let mut names = self.names.iter();
        names.any(|name| findings.was_pruned_at(name.node, field))
    }
}
