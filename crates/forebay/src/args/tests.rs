use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("forebay").chain(line.split(' ')))
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn run_takes_a_file_or_an_upstream_but_not_both() {
    let Command::Run(run) = parse("run --upstream http://127.0.0.1:3000")
        .unwrap()
        .command
    else {
        panic!("not run");
    };
    assert_eq!(run.config.listen, LISTEN);
    assert_eq!(run.log_format, None);
    for wrong in [
        "run -c a.yaml --upstream http://a",
        "run --listen 127.0.0.1:1",
        "run --listen 127.0.0.1:1 -c a.yaml",
        "run --threads 0",
        "run --log-level loud",
        "",
        "check --output xml",
    ] {
        assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
    }
}

#[test]
fn explain_takes_fields_as_curl_does() {
    let arguments = [
        "forebay",
        "explain",
        "GET",
        "/",
        "-H",
        "X-Key:  a: b ",
        "-H",
        "A:",
    ];
    let Command::Explain(explain) = Cli::try_parse_from(arguments).unwrap().command else {
        panic!("not explain");
    };
    let fields: Vec<_> = explain
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(fields, [("x-key", "a: b"), ("a", "")]);
    assert!(header("no colon").is_err());
    assert!(header("no name: x").is_err());
}

#[test]
fn every_command_teaches_by_example() {
    for command in Cli::command().get_subcommands() {
        let taught = command.get_after_help().is_some();
        let plain = ["reference", "version"].contains(&command.get_name());
        assert!(taught || plain, "{}", command.get_name());
    }
}
