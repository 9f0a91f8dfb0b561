//! The arrows and fences of `crates/README.md`, held by what cargo knows.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each crate of the house and those it may know.
const ARROWS: [(&str, &[&str]); 8] = [
    ("forebay-policy", &[]),
    ("forebay-engine", &["forebay-policy"]),
    ("forebay-store", &["forebay-policy", "forebay-engine"]),
    ("forebay-telemetry", &["forebay-policy", "forebay-engine"]),
    (
        "forebay-proxy",
        &[
            "forebay-policy",
            "forebay-engine",
            "forebay-store",
            "forebay-telemetry",
        ],
    ),
    (
        "forebay-admin",
        &[
            "forebay-policy",
            "forebay-engine",
            "forebay-store",
            "forebay-telemetry",
        ],
    ),
    (
        "forebay",
        &[
            "forebay-policy",
            "forebay-engine",
            "forebay-store",
            "forebay-telemetry",
            "forebay-proxy",
            "forebay-admin",
        ],
    ),
    ("forebay-tests", &["forebay"]),
];

/// Dependencies, as they begin, and who alone may have them.
const FENCES: [(&str, &[&str]); 13] = [
    ("pingora", &["forebay-proxy", "forebay"]),
    ("pingora-ketama", &["forebay-engine"]),
    (
        "hyper",
        &["forebay-proxy", "forebay-admin", "forebay", "forebay-tests"],
    ),
    ("hickory", &["forebay-proxy"]),
    ("moka", &["forebay-store"]),
    ("prometheus", &["forebay-telemetry"]),
    ("axum", &["forebay-admin"]),
    ("serde-saphyr", &["forebay-policy"]),
    ("yaml_serde", &["forebay-policy"]),
    ("anyhow", &["forebay", "forebay-tests"]),
    ("quick-xml", &["forebay"]),
    ("redis", &["forebay-store"]),
    ("ring", &["forebay-engine"]),
];

/// Each member of the workspace and what it ships with: tests may borrow more.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = MetadataCommand::new();
    let metadata = command.manifest_path(manifest).no_deps().exec().unwrap();
    let members = metadata.workspace_packages().into_iter();
    let of = |package: &cargo_metadata::Package| {
        let shipped = package
            .dependencies
            .iter()
            .filter(|it| it.kind != DependencyKind::Development);
        shipped.map(|dependency| dependency.name.clone()).collect()
    };
    members
        .map(|package| (package.name.to_string(), of(package)))
        .collect()
}

#[test]
fn arrows_point_to_the_left_only() {
    let dependencies = dependencies();
    let known: Vec<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    for (name, found) in &dependencies {
        let Some((_, allowed)) = ARROWS.iter().find(|(it, _)| it == name) else {
            panic!("{name} has no place in crates/README.md yet");
        };
        for dependency in found.iter().filter(|it| known.contains(&it.as_str())) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} must not know {dependency}"
            );
        }
    }
    for name in known {
        assert!(dependencies.contains_key(name), "{name} is gone");
    }
}

#[test]
fn fenced_dependencies_stay_behind_their_fence() {
    for (name, found) in dependencies() {
        for dependency in found {
            let within = |(fenced, _): &&(&str, &[&str])| {
                dependency == *fenced || dependency.starts_with(&format!("{fenced}-"))
            };
            // Of several fences, the narrowest.
            let fence = FENCES.iter().filter(within).max_by_key(|(it, _)| it.len());
            if let Some((_, allowed)) = fence {
                assert!(
                    allowed.contains(&name.as_str()),
                    "{name} must not use {dependency}"
                );
            }
        }
    }
}

#[test]
fn no_crate_or_module_has_a_name_that_attracts_everything() {
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
    let mut folders = vec![std::path::PathBuf::from(crates)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let shunned = [
                "core", "common", "util", "utils", "helpers", "manager", "mod",
            ];
            assert!(!shunned.contains(&name), "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}
