//! What the documentation shows works.

use std::path::{Path, PathBuf};

use harness::command::run;

const BINARY: &str = env!("CARGO_BIN_EXE_sidecar");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The YAML blocks of a page that are whole configurations, each with its line.
fn blocks(page: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(page).unwrap();
    let mut found = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start();
        block = match block.take() {
            None if fence.starts_with("```yaml") => Some((number + 1, String::new())),
            None => None,
            Some(done) if fence.starts_with("```") => {
                found.push(done);
                None
            }
            Some((first, text)) => Some((first, text + line + "\n")),
        };
    }
    found.retain(|(_, text)| text.contains("listeners:"));
    found
}

#[track_caller]
fn checked(file: &Path, what: &str) {
    let ran = run(
        BINARY,
        &["check", "--strict", "-c", &file.display().to_string()],
    );
    assert_eq!(ran.code, Some(0), "{what}:\n{}{}", ran.text(), ran.stderr);
}

#[test]
fn every_file_in_config_is_without_mistakes() {
    let found = files(&root().join("config"), "yaml");
    assert!(found.len() >= 3, "{found:?}");
    for file in found {
        checked(&file, &file.display().to_string());
    }
}

#[test]
fn every_configuration_that_is_deployed_is_without_mistakes() {
    let all = files(&root().join("deploy"), "yaml");
    let found: Vec<_> = all
        .iter()
        .filter(|file| file.ends_with("forebay/forebay.yaml"))
        .collect();
    assert!(found.len() >= 2, "{all:?}");
    for file in found {
        checked(file, &file.display().to_string());
    }
}

#[test]
fn every_configuration_in_the_documentation_is_without_mistakes() {
    let mut pages = files(&root().join("docs"), "md");
    pages.push(root().join("README.md"));
    let directory = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for page in pages {
        for (line, text) in blocks(&page) {
            let file = directory.path().join("forebay.yaml");
            std::fs::write(&file, text).unwrap();
            checked(&file, &format!("{}:{line}", page.display()));
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} were found");
}

#[test]
fn the_schema_that_is_kept_is_the_one_that_is_printed() {
    let printed = run(BINARY, &["schema"]);
    assert_eq!(printed.code, Some(0));
    let kept = std::fs::read_to_string(root().join("config/forebay.schema.json")).unwrap();
    assert!(
        printed.text() == kept,
        "config/forebay.schema.json is old; run `make gen`"
    );
}

#[test]
fn explain_tells_what_governs_a_request_and_which_line_says_so() {
    let file = root()
        .join("config/legacy-json-api.yaml")
        .display()
        .to_string();
    let explain = |arguments: &[&str]| {
        let ran = run(BINARY, &[&["explain", "-c", &file], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.text()
    };
    let text = std::fs::read_to_string(&file).unwrap();
    let line_of = |needle: &str| {
        let found = text.lines().position(|line| line.contains(needle)).unwrap();
        (found + 1).to_string()
    };
    let products = explain(&["GET", "http://shop.test/api/products/7?utm_source=x&page=2"]);
    for part in [
        "products",
        "shop.test",
        "page=2",
        "per_client",
        &line_of("ttl: 60s"),
    ] {
        assert!(products.contains(part), "{part} is missing:\n{products}");
    }
    let (_, decided) = products.split_once("For this request").unwrap();
    assert!(
        !decided.contains("utm_source=x"),
        "it is in the key:\n{products}"
    );
    let price = explain(&["GET", "http://shop.test/api/products/7/price"]);
    assert!(price.contains(&line_of("ttl: 5s")), "{price}");
    let reports = explain(&[
        "GET",
        "http://shop.test/api/reports/today",
        "-H",
        "X-Partner-Id: 42",
    ]);
    for part in ["reports", "per_partner", "shadow"] {
        assert!(reports.contains(part), "{part} is missing:\n{reports}");
    }
    let order = explain(&["POST", "http://shop.test/orders"]);
    assert!(order.contains("everything_else"), "{order}");
}

#[test]
fn the_version_is_told() {
    let ran = run(BINARY, &["version"]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.text().contains(env!("CARGO_PKG_VERSION")),
        "{}",
        ran.text()
    );
}
