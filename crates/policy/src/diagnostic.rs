//! What is wrong with a file, said so that it can be put right in one go.

mod codes;
mod render;

pub use codes::Code;

use crate::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but something in it has no effect.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake, stable across releases.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop. Never holds a value that came from the environment.
    pub message: String,
    /// The dotted path in the file, `routes[1].cache.ttl`; empty for the file as a whole.
    pub path: String,
    /// Where it is written.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

/// Everything that is wrong with one file, in the order of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics {
    name: String,
    text: String,
    list: Vec<Diagnostic>,
}

// === impl Severity ===

impl Severity {
    /// The word for it in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    pub(crate) fn error(code: Code, span: Span, path: String, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            path,
            span,
            help: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

// === impl Diagnostics ===

impl Diagnostics {
    pub(crate) fn new(name: &str, text: &str, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by(|a, b| (a.span, a.code, &a.path).cmp(&(b.span, b.code, &b.path)));
        list.dedup();
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            list,
        }
    }

    /// The mistakes, in the order of the file.
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The name of the file, as the caller gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A report for a reader at a terminal, each mistake with its line, path and help.
    pub fn render(&self, color: bool) -> String {
        render::render(&self.name, &self.text, &self.list, color)
    }

    /// The same for programs: an array of `code`, `severity`, `file`, `line`, `column`, `path`,
    /// `message` and `help`.
    pub fn to_json(&self) -> serde_json::Value {
        render::to_json(&self.name, &self.list)
    }
}

impl std::fmt::Debug for Diagnostics {
    /// Without the text, which may be long.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Diagnostics");
        let shown = shown.field("name", &self.name).field("list", &self.list);
        shown.finish_non_exhaustive()
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
