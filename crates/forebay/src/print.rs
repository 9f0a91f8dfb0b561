//! What is only printed: the schema, the reference, completions, the version.

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

use crate::{
    args::{Cli, Page},
    exit::Exit,
    output::say,
};

/// The version of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The JSON Schema of the configuration.
pub(crate) fn schema() -> Exit {
    say(&format!("{:#}\n", policy::json_schema()))
}

/// A generated page of the documentation.
pub(crate) fn reference(page: Page) -> Exit {
    say(&match page {
        Page::Metrics => telemetry::catalogue::reference_markdown(),
        Page::Policies => policy::reference_markdown(),
        Page::ShieldRules => engine::shield::patterns::reference_markdown(),
    })
}

/// A script for a shell.
pub(crate) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "forebay", &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// The version, for people or for programs.
pub(crate) fn version(as_json: bool) -> Exit {
    say(&if as_json {
        format!("{:#}\n", json!({"name": "forebay", "version": VERSION}))
    } else {
        format!("forebay {VERSION}\n")
    })
}
