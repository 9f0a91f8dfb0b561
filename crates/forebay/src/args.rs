//! What can be said on the command line, and the one place that reads the environment.

mod help;
mod purge;

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use http::{HeaderName, HeaderValue, Method};
use policy::Rate;

pub(crate) use self::purge::PurgeArgs;
use crate::{client::Door, exit::Exit, output::ColorWhen};

/// Where clients connect when `--upstream` stands in for a file and `--listen` says nothing. The
/// loopback: nobody is to publish an API by trying Forebay out.
const LISTEN: &str = "127.0.0.1:8080";

/// Forebay stands in front of an HTTP API and caches, compresses, limits, deduplicates and balances
/// as one YAML file says.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, after_help = help::FOREBAY, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// When to colour what is printed
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorWhen,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report every mistake in the configuration
    #[command(after_help = help::CHECK)]
    Check(CheckArgs),
    /// Print a script that completes commands in your shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Show what Forebay does for a slow API: traffic, and a table with before and after
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Tell what would happen to a request, and why
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArgs),
    /// Ask a running Forebay whether it is ready
    #[command(after_help = help::HEALTHCHECK)]
    Healthcheck(HealthcheckArgs),
    /// Make a running Forebay forget, or ask anew for, what it holds
    #[command(after_help = help::PURGE)]
    Purge(PurgeArgs),
    /// Print a page of the reference, in Markdown
    #[command(hide = true)]
    Reference(ReferenceArgs),
    /// Serve
    #[command(after_help = help::RUN)]
    Run(RunArgs),
    /// Print the JSON Schema of the configuration, for editors
    #[command(after_help = help::SCHEMA)]
    Schema,
    /// Print the version
    Version(VersionArgs),
    /// Ask a running Forebay for what clients will ask for
    #[command(after_help = help::WARM)]
    Warm(WarmArgs),
}

/// Which file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct FileArgs {
    /// The configuration [default: $FOREBAY_CONFIG, ./forebay.yaml or /etc/forebay/forebay.yaml]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Which file, or what stands in for one.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Do without a file: safe defaults in front of the API at this URL
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) upstream: Option<String>,

    /// Where clients connect, with --upstream; also unix:PATH
    #[arg(long, value_name = "ADDRESS", requires = "upstream", conflicts_with = "config", default_value = LISTEN)]
    pub(crate) listen: String,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For programs.
    Json,
    /// For people.
    #[default]
    Text,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// How to report
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ReportFormat,

    /// Let warnings count: end with 4 when there are any
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// End when the table is printed
    #[arg(long)]
    pub(crate) once: bool,

    /// What the traffic is made from; the same seed, the same requests
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) seed: u64,

    /// How many requests to send, each way
    #[arg(long, default_value_t = 2000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) requests: u32,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// The method of the request
    pub(crate) method: Method,

    /// Its URL, as a client would write it; a path alone is taken to be on localhost
    pub(crate) url: String,

    /// A field of its head, as often as needed
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,

    /// The address the request comes from
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) from: IpAddr,

    /// Judge the answer whose head `curl -i` saved here; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "ask")]
    pub(crate) response: Option<PathBuf>,

    /// Ask the route's upstream now, once, and judge its answer; GET and HEAD only
    #[arg(long)]
    pub(crate) ask: bool,

    /// How to report
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ReportFormat,
}

#[derive(Args, Debug)]
pub(crate) struct HealthcheckArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    /// Where to ask [default: admin.telemetry_address of the configuration, or 127.0.0.1:9902]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    pub(crate) address: Option<SocketAddr>,
}

#[derive(Args, Debug)]
pub(crate) struct ReferenceArgs {
    /// Which page
    #[arg(value_enum)]
    pub(crate) page: Page,
}

/// A page of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    /// docs/reference/metrics.md
    Metrics,
    /// docs/reference/policies.md
    Policies,
    /// docs/reference/shield-rules.md
    ShieldRules,
}

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Worker threads per listener [default: as many as the container or machine has CPUs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// error, warn, info, debug, trace, off, or directives such as info,proxy=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = log_level)]
    pub(crate) log_level: String,

    /// How log lines look [default: text on a terminal, json elsewhere]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Args, Debug)]
pub(crate) struct VersionArgs {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[group(id = "source", required = true, multiple = true, args = ["urls", "url_file", "sitemap", "access_log"])]
pub(crate) struct WarmArgs {
    /// Where clients connect to it, http://HOST:PORT or unix:PATH
    #[arg(long, value_name = "URL", value_parser = Door::parse, default_value = LISTEN)]
    pub(crate) through: Door,

    /// A URL, as clients ask for it; as often as needed
    #[arg(long = "url", value_name = "URL")]
    pub(crate) urls: Vec<String>,

    /// A file with one URL per line
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,

    /// A sitemap or an index of several, as XML; a URL is asked for through the same Forebay
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) sitemap: Option<String>,

    /// The most popular of an access log: Forebay's own, or the common or combined format
    #[arg(long, value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,

    /// What stands in front of the paths of a log that names no hosts [default: --through]
    #[arg(long, value_name = "URL", requires = "access_log")]
    pub(crate) base: Option<String>,

    /// The most URLs taken from a log
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) top: u32,

    /// Requests begun at most
    #[arg(long, value_name = "RATE", default_value = "50/s", value_parser = rate)]
    pub(crate) rate: Rate,

    /// Requests under way at most
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,

    /// How to report
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ReportFormat,
}

// === impl Cli ===

impl Cli {
    /// The arguments of this process, or what to end with when they are wrong or ask for help.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            let _nobody_listens = error.print();
            match error.exit_code() {
                0 => Exit::Ok.into(),
                _ => Exit::Usage.into(),
            }
        })
    }
}

/// `FOREBAY_CONFIG`, when it is set to something.
pub(crate) fn config_variable() -> Option<PathBuf> {
    variable_os("FOREBAY_CONFIG").map(PathBuf::from)
}

/// Whether colours are unwelcome: `NO_COLOR` is set to something, or the terminal knows none.
pub(crate) fn no_color() -> bool {
    variable_os("NO_COLOR").is_some() || variable_os("TERM").is_some_and(|term| term == "dumb")
}

/// A variable for `${NAME}` in the configuration; one that is not text counts as not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Where files may be put that nobody misses.
pub(crate) fn temporary_directory() -> PathBuf {
    std::env::temp_dir()
}

/// The program that is running, to be run once more.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

fn variable_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// A level, or directives. A single word that is no level would be taken for the name of a target, and
/// everything else be silent.
fn log_level(text: &str) -> Result<String, &'static str> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    if text.contains('=') || LEVELS.iter().any(|level| text.eq_ignore_ascii_case(level)) {
        return Ok(text.to_owned());
    }
    Err("levels are error, warn, info, debug, trace and off")
}

/// A rate as the configuration spells it.
fn rate(text: &str) -> Result<Rate, String> {
    text.parse()
        .map_err(|error: policy::InvalidValue| error.to_string())
}

/// `name: value`, as curl takes it.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write it as 'name: value', such as 'Accept: text/html'")?;
    let name = name.trim().parse().map_err(|_| "not a field name")?;
    let value = value.trim().parse().map_err(|_| "not a field value")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests;
