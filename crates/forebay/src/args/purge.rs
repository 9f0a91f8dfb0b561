//! What `forebay purge` is told.

use std::path::PathBuf;

use clap::Args;

use super::FileArgs;
use crate::client::Door;

#[derive(Args, Debug)]
pub(crate) struct PurgeArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,

    #[command(flatten)]
    pub(crate) what: PurgeWhat,

    /// Never use it again, not even while the origin is asked or when it fails
    #[arg(long)]
    pub(crate) hard: bool,

    /// Where its admin listener is, also unix:PATH [default: admin.address of the configuration, or
    /// 127.0.0.1:9901]
    #[arg(long, value_name = "URL", value_parser = Door::parse, conflicts_with = "config")]
    pub(crate) admin: Option<Door>,

    /// The file with its token [default: admin.token_file of the configuration]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// What to purge; one of them.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct PurgeWhat {
    /// This URL, with every variant
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Every URL whose path begins like this; /path alone means every host
    #[arg(long, value_name = "URL")]
    pub(crate) prefix: Option<String>,

    /// Every URL that looks like this, such as shop.example.com/*/price; ** also stands for slashes
    #[arg(long, value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,

    /// Everything with this tag
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,

    /// Everything that an origin put into this group, 'https://shop.example.com prices'
    #[arg(long, value_name = "ORIGIN GROUP")]
    pub(crate) group: Option<String>,

    /// Everything
    #[arg(long)]
    pub(crate) all: bool,
}
