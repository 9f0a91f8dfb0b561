//! Application logs: what the process says about itself, on stderr.
//!
//! Libraries below us log through `log`; they are bridged into the same stream, and held at `warn`
//! unless the operator asks for more by name, because their `info` is noise to somebody who runs a
//! proxy and not a library.

use std::io;

use tracing::Subscriber;
use tracing_log::LogTracer;
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, ParseError},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
};

/// Targets whose own chatter is held at `warn`; each covers every target that begins with it.
const QUIET: [&str; 5] = ["h2", "hyper", "moka", "pingora", "rustls"];

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    #[default]
    Json,
    /// For a person at a terminal.
    Text,
}

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// Something in this process logs already.
    #[error("logging has been set up before")]
    AlreadySet,
    /// The level is not one.
    #[error("log level {level:?}: {source}")]
    Level {
        /// What was given.
        level: String,
        /// What is wrong with it.
        source: ParseError,
    },
}

/// Starts logging on stderr, once per process.
///
/// `level` is `error`, `warn`, `info`, `debug`, `trace` or `off`, or a list of directives such as
/// `info,proxy=debug,pingora=info`.
///
/// # Errors
/// When `level` cannot be understood, or logging was started before.
pub fn init(format: Format, level: &str) -> Result<(), LogsError> {
    let subscriber = subscriber(format, level, io::stderr)?;
    LogTracer::init().map_err(|_| LogsError::AlreadySet)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::AlreadySet)
}

fn subscriber<W>(
    format: Format,
    level: &str,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, LogsError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    let registry = tracing_subscriber::registry().with(filter(level)?);
    Ok(match format {
        Format::Json => Box::new(registry.with(layer.json().flatten_event(true))),
        Format::Text => Box::new(registry.with(layer)),
    })
}

/// The operator's directives come last, so that they win over ours.
fn filter(level: &str) -> Result<EnvFilter, LogsError> {
    let wrong = |source| LogsError::Level {
        level: level.to_owned(),
        source,
    };
    let theirs = EnvFilter::builder().parse(level).map_err(wrong)?;
    if theirs
        .max_level_hint()
        .is_some_and(|most| most <= LevelFilter::WARN)
    {
        return Ok(theirs); // quieter than ours already
    }
    let quiet: Vec<String> = QUIET
        .iter()
        .map(|target| format!("{target}=warn"))
        .collect();
    let directives = format!("{},{level}", quiet.join(","));
    EnvFilter::builder().parse(directives).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, level: &str, say: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let subscriber = subscriber(format, level, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, say);
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_one_json_object_whatever_is_in_it() {
        let said = logged(Format::Json, "info", || {
            tracing::info!(path = "a\n\"b", "loaded");
            tracing::debug!("not this");
        });
        assert_eq!(said.lines().count(), 1, "{said}");
        let line: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(line["message"], "loaded");
        assert_eq!(line["path"], "a\n\"b");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn libraries_are_quiet_unless_asked_by_name() {
        let chatter = || {
            tracing::info!(target: "pingora_core::server", "chatter");
            tracing::warn!(target: "pingora_core::server", "trouble");
        };
        let said = logged(Format::Text, "info", chatter);
        assert!(
            !said.contains("chatter") && said.contains("trouble"),
            "{said}"
        );
        let said = logged(Format::Text, "info,pingora=info", chatter);
        assert!(said.contains("chatter"), "{said}");
    }

    #[test]
    fn libraries_are_not_louder_than_the_rest() {
        let said = logged(Format::Text, "error", || {
            tracing::warn!(target: "pingora_core::server", "trouble");
        });
        assert_eq!(said, "");
    }

    #[test]
    fn what_is_said_through_log_arrives_under_its_own_target() {
        use tracing_log::log;

        let _another_test_was_first = LogTracer::init();
        let said = logged(Format::Json, "info", || {
            log::info!(target: "pingora_core::server", "chatter");
            log::warn!(target: "pingora_core::server", "trouble");
            log::info!(target: "forebay", "started");
        });
        let lines: Vec<serde_json::Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert_eq!(lines[0]["target"], "pingora_core::server");
        assert_eq!(lines[0]["message"], "trouble");
        assert_eq!(lines[1]["target"], "forebay");
    }

    #[test]
    fn a_wrong_level_is_an_error_that_names_it() {
        let error = filter("proxy=loud").unwrap_err();
        assert!(error.to_string().contains("proxy=loud"), "{error}");
    }
}
