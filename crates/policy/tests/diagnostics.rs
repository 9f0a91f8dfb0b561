//! What an operator reads when a file is wrong: each file in `bad/` beside its report.

use std::{fs, path::PathBuf};

use policy::{Diagnostics, Source, parse};

/// The environment of every test; `SECRET` must never be seen in a report.
fn env(name: &str) -> Option<String> {
    match name {
        "EMPTY" => Some(String::new()),
        "SECRET" => Some("hunter2".to_owned()),
        _ => None,
    }
}

fn report(name: &str, bytes: &[u8]) -> Diagnostics {
    match parse(Source { name, bytes }, &env) {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    }
}

#[test]
fn every_bad_file_has_its_report() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 20);
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let report = report(&name, &bytes);
        assert!(!report.is_empty(), "{name} has nothing wrong with it");
        assert!(
            !report.render(true).contains("hunter2"),
            "{name} tells a secret"
        );
        assert!(
            !report.to_json().to_string().contains("hunter2"),
            "{name} tells a secret"
        );
        insta::with_settings!({snapshot_path => "reports", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name.trim_end_matches(".yaml").to_owned(), report.render(false));
        });
    }
}

#[test]
fn programs_get_the_same_as_json() {
    let report = report("f.yaml", b"version: 1\nlistners: []\n").to_json();
    let first = &report[0];
    let unknown = report
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "FB0101")
        .unwrap();
    assert_eq!(first["severity"], "error");
    assert_eq!(unknown["file"], "f.yaml");
    assert_eq!(
        (&unknown["line"], &unknown["column"]),
        (&2.into(), &1.into())
    );
    assert_eq!(unknown["path"], "listners");
    assert!(
        unknown["help"]
            .as_str()
            .unwrap()
            .starts_with("did you mean `listeners`?")
    );
}

#[test]
fn codes_are_unique_and_explained() {
    let mut seen = std::collections::HashSet::new();
    for code in policy::Code::ALL {
        assert!(seen.insert(code.as_str()), "{code} is used twice");
        assert!(code.sentence().ends_with('.'), "{code}");
    }
}
