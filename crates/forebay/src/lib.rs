//! The binary: arguments, wiring, signals. No decision of its own.
//!
//! One file per subcommand; [`args`] is the only place that reads the environment. What an operator
//! asked for goes to standard output, everything that is said about it to standard error.

mod args;
mod check;
mod client;
mod config;
mod demo;
mod entrance;
mod exit;
mod explain;
mod healthcheck;
mod output;
mod print;
mod purge;
mod run;
mod warm;

use std::process::ExitCode;

use crate::{
    args::{Cli, Command},
    output::Paint,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the program with the arguments and the environment of this process.
///
/// Exit codes: 0 all is well, 1 failed while running, 2 wrong arguments, 3 the configuration is
/// wrong or cannot be read, 4 it has warnings and `--strict` was asked for, 130 and 143 ended at
/// once by a second signal.
pub fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let paint = Paint::new(cli.color);
    let exit = match &cli.command {
        Command::Check(check) => check::check(check, paint),
        Command::Completions(wanted) => print::completions(wanted.shell),
        Command::Demo(demo) => demo::demo(demo, paint),
        Command::Explain(explain) => explain::explain(explain, paint),
        Command::Healthcheck(healthcheck) => healthcheck::healthcheck(healthcheck, paint),
        Command::Purge(wanted) => purge::purge(wanted, paint),
        Command::Reference(wanted) => print::reference(wanted.page),
        Command::Run(run) => run::run(run, paint),
        Command::Schema => print::schema(),
        Command::Version(version) => print::version(version.json),
        Command::Warm(wanted) => warm::warm(wanted, paint),
    };
    exit.into()
}
