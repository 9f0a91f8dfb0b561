//! Which configuration it is, and reading it.
//!
//! `-c` comes before `FOREBAY_CONFIG`, that before `./forebay.yaml`, that before
//! `/etc/forebay/forebay.yaml`; `--upstream` stands for a file of its own. The first that is named or
//! that exists is the one: a file that is there and wrong is never passed over for another.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use policy::{Checked, Diagnostics, Source};

use crate::{
    args::{self, ConfigArgs, FileArgs},
    check,
    exit::Exit,
    output::{Paint, complain, note},
};

/// Where a file is looked for when nobody names one.
const PLACES: [&str; 2] = ["./forebay.yaml", "/etc/forebay/forebay.yaml"];

/// No more than this is read, in bytes; what is larger is refused for its size in any case.
const MOST_READ: u64 = 1024 * 1024 + 1;

/// Why there are no policies.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// `--upstream` or `--listen` makes no sense.
    Arguments(Diagnostics),
    /// It makes no sense.
    Invalid(Diagnostics),
    /// There is no file in any of the usual places.
    Nowhere,
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: NamedBy,
        /// Why not.
        error: io::Error,
    },
}

/// Who said which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// `-c`.
    Argument,
    /// Nobody; it is in one of the usual places.
    Custom,
    /// `FOREBAY_CONFIG`.
    Variable,
}

/// Reads the configuration that the arguments and the environment come to.
pub(crate) fn load(args: &ConfigArgs) -> Result<Checked, LoadError> {
    let Some(url) = &args.upstream else {
        return load_file(&args.file);
    };
    let text = policy::single_upstream(url, &args.listen);
    let source = Source {
        name: "--upstream",
        bytes: text.as_bytes(),
    };
    policy::parse(source, &args::variable).map_err(LoadError::Arguments)
}

/// Reads the file that the arguments and the environment come to.
pub(crate) fn load_file(args: &FileArgs) -> Result<Checked, LoadError> {
    let (path, named_by) = find(args.config.clone(), args::config_variable(), &PLACES)?;
    let bytes = read(&path).map_err(|error| LoadError::Unreadable {
        path: path.clone(),
        named_by,
        error,
    })?;
    let name = path.display().to_string();
    let source = Source {
        name: &name,
        bytes: &bytes,
    };
    policy::parse(source, &args::variable).map_err(LoadError::Invalid)
}

fn find(
    argument: Option<PathBuf>,
    variable: Option<PathBuf>,
    places: &[&str],
) -> Result<(PathBuf, NamedBy), LoadError> {
    let argument = argument.map(|path| (path, NamedBy::Argument));
    let variable = variable.map(|path| (path, NamedBy::Variable));
    // Also when it is a dangling link or may not be looked at: then reading it says so.
    let is_there = |path: &&&str| Path::new(path).symlink_metadata().is_ok();
    let usual = places.iter().find(is_there);
    let usual = usual.map(|path| (PathBuf::from(path), NamedBy::Custom));
    argument.or(variable).or(usual).ok_or(LoadError::Nowhere)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}

// === impl LoadError ===

impl LoadError {
    /// Says what is wrong and what to do about it.
    pub(crate) fn report(&self, paint: Paint) -> Exit {
        match self {
            Self::Arguments(found) => {
                for diagnostic in found.list() {
                    let option = match diagnostic.path.starts_with("listeners") {
                        true => "--listen",
                        false => "--upstream",
                    };
                    let what = format!("{option}: {}", diagnostic.message);
                    complain(paint, what, diagnostic.help.as_deref().unwrap_or_default());
                }
                return Exit::Usage;
            }
            Self::Invalid(found) => note(&check::report(found, paint.err)),
            Self::Nowhere => complain(
                paint,
                format_args!(
                    "there is no configuration; looked for {} ($FOREBAY_CONFIG is not set)",
                    PLACES.join(" and ")
                ),
                "name one with -c FILE, or do without: forebay run --upstream http://127.0.0.1:3000",
            ),
            Self::Unreadable {
                path,
                named_by,
                error,
            } => complain(
                paint,
                format_args!("{}: {error}{}", path.display(), named_by.remark()),
                help_for(error),
            ),
        }
        Exit::InvalidConfiguration
    }
}

fn help_for(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "is the path right? `forebay run --help` shows the smallest file there is"
        }
        io::ErrorKind::PermissionDenied => {
            "let the user that runs forebay read it, and enter the directories above it"
        }
        io::ErrorKind::IsADirectory => "name the file in it",
        _ => "",
    }
}

// === impl NamedBy ===

impl NamedBy {
    const fn remark(self) -> &'static str {
        match self {
            Self::Argument | Self::Custom => "",
            Self::Variable => " (named by $FOREBAY_CONFIG)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        argument: Option<&str>,
        variable: Option<&str>,
        places: &[&str],
    ) -> (PathBuf, NamedBy) {
        find(
            argument.map(PathBuf::from),
            variable.map(PathBuf::from),
            places,
        )
        .unwrap()
    }

    #[test]
    fn what_is_named_more_closely_wins() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let places = ["/nowhere/forebay.yaml", here];
        let both = found(Some("a"), Some("b"), &places);
        assert_eq!(both, (PathBuf::from("a"), NamedBy::Argument));
        let variable = found(None, Some("b"), &places);
        assert_eq!(variable, (PathBuf::from("b"), NamedBy::Variable));
        let usual = found(None, None, &places);
        assert_eq!(usual, (PathBuf::from(here), NamedBy::Custom));
        let nowhere = find(None, None, &places[..1]);
        assert!(matches!(nowhere, Err(LoadError::Nowhere)));
    }

    #[test]
    fn an_upstream_needs_no_file() {
        let args = |url: &str| ConfigArgs {
            upstream: Some(url.to_owned()),
            listen: "127.0.0.1:0".to_owned(),
            ..ConfigArgs::default()
        };
        let checked = load(&args("http://127.0.0.1:3000")).unwrap();
        assert_eq!(
            checked.policies.upstreams[0].endpoints[0].url(),
            "http://127.0.0.1:3000"
        );
        let wrong = load(&args("nonsense")).unwrap_err();
        assert!(matches!(wrong, LoadError::Arguments(_)), "{wrong:?}");
    }
}
