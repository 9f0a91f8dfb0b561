//! The reference page, `docs/reference/metrics.md`.

use std::fmt::Write as _;

use super::{CATALOGUE, Family, Kind, Values};
use crate::metrics::BOUNDS;

/// What the process collector of the metrics library exports on Linux: name, kind, help.
const PROCESS: [(&str, &str, &str); 7] = [
    (
        "process_cpu_seconds_total",
        "counter",
        "CPU time spent, user and system, in whole seconds.",
    ),
    (
        "process_max_fds",
        "gauge",
        "File descriptors that may be open.",
    ),
    (
        "process_open_fds",
        "gauge",
        "File descriptors that are open.",
    ),
    ("process_resident_memory_bytes", "gauge", "Resident memory."),
    (
        "process_start_time_seconds",
        "gauge",
        "When the process began, in seconds since 1970.",
    ),
    ("process_threads", "gauge", "Threads."),
    ("process_virtual_memory_bytes", "gauge", "Virtual memory."),
];

const HEAD: &str = "\
<!-- Generated from crates/telemetry/src/catalogue; edit there and run `make gen`. -->
# Metrics

Forebay serves these on `/metrics` of the telemetry listener, in the Prometheus text format.

- Every label value is a name from the configuration or one of a fixed list; nothing a client sends
  becomes a label.
- A series appears when it is first touched: a route that no request has taken has none.
- Policies in shadow mode are counted with `mode=\"shadow\"` and what they would have done.
- A request that no route takes is counted with `route=\"none\"`.
";

/// The reference page as Markdown; the file in the repository must equal it.
pub fn reference_markdown() -> String {
    let mut page = String::from(HEAD);
    for family in CATALOGUE {
        section(&mut page, family);
    }
    page.push_str(
        "\n## process_*\n\nOf the process, on Linux.\n\n| name | type | meaning |\n|---|---|---|\n",
    );
    for (name, kind, help) in PROCESS {
        line(&mut page, format_args!("| `{name}` | {kind} | {help} |"));
    }
    page
}

fn section(page: &mut String, family: &Family) {
    line(
        page,
        format_args!("\n## {}\n\n{}\n", family.name, family.help),
    );
    line(
        page,
        format_args!(
            "Type: {}. Unit: {}.",
            family.kind.as_str(),
            family.unit.as_str()
        ),
    );
    if family.kind == Kind::Histogram {
        let bounds: Vec<String> = BOUNDS
            .iter()
            .map(|bound| bound.as_secs_f64().to_string())
            .collect();
        line(page, format_args!("Buckets: {}.", bounds.join(", ")));
    }
    if family.labels.is_empty() {
        return;
    }
    line(page, format_args!("\n| label | values |\n|---|---|"));
    for label in family.labels {
        let values = match label.values {
            Values::Configured(what) => what.to_owned(),
            Values::Fixed(words) => {
                let words: Vec<String> = words().iter().map(|word| format!("`{word}`")).collect();
                words.join(", ")
            }
        };
        line(page, format_args!("| `{}` | {values} |", label.name));
    }
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _infallible = writeln!(page, "{text}");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// `make gen` runs the ignored test below; this one keeps the page honest.
    #[test]
    fn the_page_in_the_repository_is_fresh() {
        let page = fs::read_to_string(path()).unwrap_or_default();
        assert!(
            page == reference_markdown(),
            "docs/reference/metrics.md is stale: cargo test -p forebay-telemetry write_reference -- --ignored"
        );
    }

    #[test]
    #[ignore = "writes docs/reference/metrics.md"]
    fn write_reference() {
        fs::create_dir_all(path().parent().unwrap()).unwrap();
        fs::write(path(), reference_markdown()).unwrap();
    }

    fn path() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/metrics.md")
    }
}
