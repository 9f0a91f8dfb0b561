//! The files in `config/` are read, checked, and valid under the schema that lies beside them.

use std::{fs, path::PathBuf};

use policy::{Checked, Source, json_schema, parse, reference_markdown, single_upstream};

const EXAMPLES: [&str; 3] = [
    "minimal.yaml",
    "legacy-json-api.yaml",
    "full-reference.yaml",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn load(name: &str) -> String {
    let path = root().join("config").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn checked(name: &str, text: &str) -> Checked {
    let source = Source {
        name,
        bytes: text.as_bytes(),
    };
    parse(source, &|_| None).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

#[test]
fn every_example_is_accepted_without_a_warning() {
    for name in EXAMPLES {
        let checked = checked(name, &load(name));
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    }
}

#[test]
fn every_example_names_its_schema() {
    for name in EXAMPLES {
        let modeline = "# yaml-language-server: $schema=./forebay.schema.json\n";
        assert!(load(name).starts_with(modeline), "{name}");
    }
}

#[test]
fn every_example_is_valid_under_the_schema() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for name in EXAMPLES {
        let instance: serde_json::Value = serde_yaml::from_str(&load(name)).unwrap();
        let mistakes: Vec<_> = validator
            .iter_errors(&instance)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
    }
}

#[test]
fn the_schema_in_config_is_fresh() {
    let fresh = format!("{:#}\n", json_schema());
    assert!(
        load("forebay.schema.json") == fresh,
        "run `cargo run -p forebay-policy --example print_schema > config/forebay.schema.json`"
    );
}

#[test]
fn the_policy_reference_in_docs_is_fresh() {
    let page = root().join("docs/reference/policies.md");
    assert!(
        fs::read_to_string(page).unwrap() == reference_markdown(),
        "run `cargo run -p forebay-policy --example print_reference > docs/reference/policies.md`"
    );
}

#[test]
fn what_is_shown_of_an_example_can_be_read_again() {
    for name in EXAMPLES {
        let shown = checked(name, &load(name)).policies.redacted;
        checked(name, &shown);
    }
}

#[test]
fn a_single_upstream_is_a_file() {
    let text = single_upstream("http://127.0.0.1:3000", "0.0.0.0:8080");
    let checked = checked("single", &text);
    assert!(checked.warnings.is_empty());
    let route = &checked.policies.routes[0];
    assert_eq!(route.cache.as_ref().unwrap().ttl, None);
    assert!(route.compression.is_some() && route.deduplication.is_some());
}
