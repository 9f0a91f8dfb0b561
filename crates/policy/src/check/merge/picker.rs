//! Picks the word that counts for each field, and notes where it came from.

use crate::{
    Mode, Setting, SettingOrigin,
    check::findings::Findings,
    diagnostic::Code,
    file::{At, ModeWord, OrOff},
    tree::NodeId,
};

/// One block as each layer that has it says it, first to last.
pub(super) struct Stack<'f, B> {
    pub(super) prefix: String,
    pub(super) layers: Vec<(Option<&'f str>, &'f B)>,
}

/// Notes settings, and what is wrong with them, while they are picked.
pub(super) struct Picker<'a, 't> {
    pub(super) findings: &'a Findings<'t>,
    pub(super) settings: Vec<Setting>,
    pub(super) wrong: Vec<Wrong>,
}

/// A mistake that only shows in the whole.
pub(in crate::check) struct Wrong {
    pub(in crate::check) node: NodeId,
    pub(in crate::check) code: Code,
    pub(in crate::check) message: String,
    pub(in crate::check) help: &'static str,
}

/// Whether a mapping that may be `off` is on, as the layers say.
pub(super) enum Switched<'f, P> {
    Off,
    /// As each layer that has it says it, since the last that switched it off.
    On(Stack<'f, P>),
    Unsaid,
}

/// What counts for a field when no layer says anything.
pub(super) struct Fallback<T> {
    pub(super) value: T,
    /// What may be shown of it, when that is not the value itself.
    pub(super) shown: Option<String>,
    pub(super) origin: SettingOrigin,
}

#[expect(
    clippy::ptr_arg,
    reason = "it stands where a function from the field's own type is asked"
)]
pub(super) fn texts(items: &Vec<At<String>>) -> Vec<String> {
    items.iter().map(|item| item.value.clone()).collect()
}

pub(super) fn list(items: &[String]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

// === impl Stack ===

impl<'f, B> Stack<'f, B> {
    /// Where the last layer that says something about a field says it.
    pub(super) fn said<F: 'f>(&self, get: impl Fn(&'f B) -> Option<&'f At<F>>) -> Option<NodeId> {
        self.last(get).map(|at| at.node)
    }

    /// What the last layer says that says something about a field.
    pub(super) fn last<F: 'f>(
        &self,
        get: impl Fn(&'f B) -> Option<&'f At<F>>,
    ) -> Option<&'f At<F>> {
        let mut layers = self.layers.iter().rev();
        layers.find_map(|(_, block)| get(block))
    }

    /// What the layers say about a mapping that may be `off`.
    pub(super) fn switched<P>(
        &self,
        field: &str,
        get: impl Fn(&'f B) -> Option<&'f At<OrOff<P>>>,
    ) -> Switched<'f, P> {
        let mut switched = Switched::Unsaid;
        for (policy, block) in &self.layers {
            let Some(at) = get(block) else { continue };
            switched = match (at.value.on(), switched) {
                (None, _) => Switched::Off,
                (Some(said), Switched::On(mut stack)) => {
                    stack.layers.push((*policy, said));
                    Switched::On(stack)
                }
                (Some(said), _) => Switched::On(Stack {
                    prefix: format!("{}.{field}", self.prefix),
                    layers: vec![(*policy, said)],
                }),
            };
        }
        switched
    }
}

// === impl Fallback ===

impl<T> Fallback<T> {
    /// What Forebay does by itself.
    pub(super) fn standard(value: T) -> Self {
        Self {
            value,
            shown: None,
            origin: SettingOrigin::Default,
        }
    }
}

// === impl Picker ===

impl<'a, 't> Picker<'a, 't> {
    pub(super) fn new(findings: &'a Findings<'t>) -> Self {
        Self {
            findings,
            settings: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// The last layer's word on one field, noted as a setting.
    pub(super) fn pick<B, F, T>(
        &mut self,
        stack: &Stack<'_, B>,
        field: &str,
        get: impl Fn(&B) -> Option<&At<F>>,
        read: impl Fn(&F) -> T,
        default: T,
        show: impl Fn(&T) -> String,
    ) -> T {
        self.pick_or(stack, field, get, read, Fallback::standard(default), show)
    }

    /// The same, where somebody else is asked when no layer says anything.
    pub(super) fn pick_or<B, F, T>(
        &mut self,
        stack: &Stack<'_, B>,
        field: &str,
        get: impl Fn(&B) -> Option<&At<F>>,
        read: impl Fn(&F) -> T,
        fallback: Fallback<T>,
        show: impl Fn(&T) -> String,
    ) -> T {
        let mut layers = stack.layers.iter().rev();
        let said = layers.find_map(|(policy, block)| get(block).map(|at| (*policy, at)));
        let Fallback {
            value,
            shown,
            origin,
        } = match said {
            None => fallback,
            Some((policy, at)) => {
                let line = self.findings.line(at.node);
                let shown = self.findings.written_below(at.node);
                Fallback {
                    value: read(&at.value),
                    shown: shown.map(str::to_owned),
                    origin: match policy {
                        None => SettingOrigin::Route { line },
                        Some(name) => SettingOrigin::Policy {
                            name: name.to_owned(),
                            line,
                        },
                    },
                }
            }
        };
        let shown = shown.unwrap_or_else(|| show(&value));
        self.note(&stack.prefix, field, shown, origin);
        value
    }

    /// Notes a setting that no layer can say.
    pub(super) fn note(&mut self, prefix: &str, field: &str, value: String, origin: SettingOrigin) {
        self.settings.push(Setting {
            path: match prefix {
                "" => field.to_owned(),
                prefix => format!("{prefix}.{field}"),
            },
            value,
            origin,
        });
    }

    /// A mapping that is off, and who says so.
    pub(super) fn off<B, P>(
        &mut self,
        stack: &Stack<'_, B>,
        field: &str,
        get: impl Fn(&B) -> Option<&At<OrOff<P>>>,
    ) {
        self.pick(stack, field, get, |_| (), (), |()| "off".to_owned());
    }

    /// A field that is true or false.
    pub(super) fn flag<B>(
        &mut self,
        stack: &Stack<'_, B>,
        field: &str,
        get: impl Fn(&B) -> Option<&At<bool>>,
    ) -> bool {
        self.pick(stack, field, get, |flag| *flag, false, bool::to_string)
    }

    pub(super) fn mode<B>(
        &mut self,
        stack: &Stack<'_, B>,
        get: impl Fn(&B) -> Option<&At<ModeWord>>,
    ) -> Mode {
        self.pick(
            stack,
            "mode",
            get,
            |word| word.mode(),
            Mode::Enforce,
            |mode| mode.as_str().to_owned(),
        )
    }
}
