//! Diagnostics as text for people and as JSON for programs.
//!
//! Both show the file as it is written and never a value from the environment: a snippet is cut from
//! the text, and messages are built from the text too.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Severity};
use crate::Span;

/// Lines longer than this are not shown; a minified file would fill the terminal.
const LONGEST_LINE: usize = 500;
const WIDTH: usize = 120;

pub(super) fn render(name: &str, text: &str, list: &[Diagnostic], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(WIDTH);
    let reports = list.iter().map(|diagnostic| {
        let report = report(name, text, diagnostic);
        let mut out = renderer.render(&[report]);
        out.push('\n');
        out
    });
    reports.collect::<Vec<_>>().join("\n")
}

fn report<'a>(name: &'a str, text: &'a str, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (start, line) = line_at(text, diagnostic.span.start);
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(None::<Snippet<'a, annotate_snippets::Annotation<'a>>>);
    if line.len() <= LONGEST_LINE {
        // One line only: a span over a whole mapping says less than its first line.
        let from = diagnostic.span.start - start;
        let to = (diagnostic.span.end - start).clamp(from, line.trim_end().len().max(from));
        group = group.element(
            Snippet::source(line)
                .line_start(diagnostic.span.line)
                .path(name)
                .annotation(
                    AnnotationKind::Primary
                        .span(from..to)
                        .label(diagnostic.path.as_str()),
                ),
        );
    } else {
        let Span { line, column, .. } = diagnostic.span;
        let place = match diagnostic.path.as_str() {
            "" => format!("{name}:{line}:{column}"),
            path => format!("{name}:{line}:{column}, in {path}"),
        };
        group = group.element(Level::NOTE.message(place));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The line that holds this byte, and where it starts.
fn line_at(text: &str, byte: usize) -> (usize, &str) {
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |at| byte + at);
    (start, &text[start..end])
}

pub(super) fn to_json(name: &str, list: &[Diagnostic]) -> Value {
    let item = |diagnostic: &Diagnostic| {
        json!({
            "code": diagnostic.code.as_str(),
            "severity": diagnostic.severity.as_str(),
            "file": name,
            "line": diagnostic.span.line,
            "column": diagnostic.span.column,
            "path": diagnostic.path,
            "message": diagnostic.message,
            "help": diagnostic.help,
        })
    };
    Value::Array(list.iter().map(item).collect())
}
