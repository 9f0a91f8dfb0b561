//! How hard it is tried, and codings for the old.

use harness::{Ask, Origin, Reply};

use super::{ask, decoded, text};
use crate::forebay;

fn writing() -> Origin {
    Origin::http(|_| {
        Reply::ok(text())
            .header("Content-Type", "text/plain")
            .header("Cache-Control", "max-age=60")
    })
}

#[test]
fn trying_harder_makes_it_smaller() {
    let origin = writing();
    let sizes = ["fastest", "best"].map(|level| {
        let policy = format!("compression: {{level: {level}}}");
        let sidecar = forebay().origin(&origin).with_policies(&policy).start();
        ["gzip", "br", "zstd"].map(|coding| {
            let response = sidecar.ask(&ask("/", coding));
            assert!(decoded(&response) == text(), "{coding} {level}");
            response.body.len()
        })
    });
    for (fastest, best) in sizes[0].iter().zip(sizes[1]) {
        assert!(best < *fastest, "{sizes:?}");
    }
}

/// The state of the processors is there to be seen, and exactly one holds.
#[test]
fn the_headroom_is_told() {
    let origin = writing();
    let sidecar = forebay().origin(&origin).start();
    let states = ["ample", "scarce", "exhausted"];
    let metrics = sidecar.metrics();
    let holding =
        states.map(|state| metrics.sum("forebay_compression_headroom", &[("state", state)]));
    assert_eq!(holding.iter().sum::<f64>(), 1.0, "{holding:?}");
}

#[test]
fn deflate_is_for_those_who_know_nothing_else() {
    let origin = writing();
    let policy = "compression: {encodings: [br, gzip, deflate]}";
    let sidecar = forebay().origin(&origin).with_policies(policy).start();
    let old = sidecar.ask(&ask("/", "deflate"));
    assert_eq!(old.header("content-encoding"), Some("deflate"));
    assert!(decoded(&old) == text());
    let new = sidecar.ask(&Ask::get("/").header("Accept-Encoding", "deflate, gzip"));
    assert_eq!(new.header("content-encoding"), Some("gzip"));
}
