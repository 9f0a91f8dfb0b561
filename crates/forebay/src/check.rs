//! `forebay check`: every mistake in the configuration at once.

use policy::{Checked, Diagnostics};

use crate::{
    args::{CheckArgs, ReportFormat},
    config::{self, LoadError},
    exit::Exit,
    output::{Ink, Paint, Tone, note, say},
};

/// Reads the configuration and reports what is wrong with it.
pub(crate) fn check(args: &CheckArgs, paint: Paint) -> Exit {
    let (found, exit) = match config::load_file(&args.file) {
        Ok(Checked { policies, warnings }) => {
            if args.output == ReportFormat::Text && warnings.is_empty() {
                return say(&format!(
                    "{} {}: {}, {}, {}\n",
                    paint.out.paint(Tone::Good, "ok"),
                    warnings.name(),
                    counted(policies.listeners.len(), "listener"),
                    counted(policies.upstreams.len(), "upstream"),
                    counted(policies.routes.len(), "route"),
                ));
            }
            let exit = match (args.strict, warnings.is_empty()) {
                (true, false) => Exit::Warnings,
                _ => Exit::Ok,
            };
            (warnings, exit)
        }
        Err(LoadError::Invalid(found)) => (found, Exit::InvalidConfiguration),
        Err(error) => return error.report(paint),
    };
    match args.output {
        ReportFormat::Json => match say(&format!("{:#}\n", found.to_json())) {
            Exit::Ok => exit,
            failed => failed,
        },
        ReportFormat::Text => {
            note(&report(&found, paint.err));
            exit
        }
    }
}

/// All diagnostics, and how many there are.
pub(crate) fn report(found: &Diagnostics, ink: Ink) -> String {
    let wrong = found
        .list()
        .iter()
        .filter(|diagnostic| diagnostic.severity == policy::Severity::Error)
        .count();
    let (errors, warnings) = (
        counted(wrong, "mistake"),
        counted(found.len() - wrong, "warning"),
    );
    let total = match (wrong, found.len() - wrong) {
        (0, _) => warnings,
        (_, 0) => errors,
        _ => format!("{errors}, {warnings}"),
    };
    let rendered = found.render(ink == Ink::Color);
    format!("{rendered}\n{}: {total}\n", found.name())
}

fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
