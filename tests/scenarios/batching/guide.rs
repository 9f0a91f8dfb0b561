//! The page about batching: its configurations run, and do what it says of them.

use harness::Page;

use super::*;

const PAGE: Page = Page::new(include_str!("../../../docs/guide/batching.md"));

/// A configuration of the page. Here nobody waits for the clock.
fn configured(number: usize, origin: &Origin) -> Sidecar {
    let waits = [
        ("max_wait: 5ms", "max_wait: 10s"),
        ("max_wait: 10ms", "max_wait: 10s"),
    ];
    PAGE.configured(forebay(), number, origin, &waits).start()
}

#[test]
fn in_shadow_mode_each_goes_its_way() {
    let origin = api();
    let sidecar = configured(0, &origin);
    assert_user(&sidecar.get("/users/1"), "single", 1);
    assert_requests(&sidecar, "shadow", &[("alone", 1.0)]);
}

#[test]
fn twenty_users_are_one_request_and_kept_one_by_one() {
    let origin = api();
    let sidecar = configured(1, &origin);
    let responses = at_once(&sidecar, (1..=20).map(get));
    for (id, response) in (1..).zip(&responses) {
        assert_user(response, "batch", id);
        sidecar.get(&format!("/users/{id}")).assert_hit();
    }
    assert_eq!(origin.count(), 1);
}

#[test]
fn sixteen_inputs_are_one_request() {
    let origin = bodies::embeddings();
    let sidecar = configured(2, &origin);
    let ask = |n: usize| {
        Ask::post("/v1/embeddings", format!("{{\"input\": \"in {n}\"}}"))
            .header("Content-Type", "application/json")
    };
    let responses = at_once(&sidecar, (0..16).map(ask));
    for (n, response) in responses.iter().enumerate() {
        let wanted = format!("[{{\"index\": 0, \"embedding\": [1.50, \"in {n}\"]}}]");
        assert!(response.text().contains(&wanted), "{response:?}");
    }
    assert_eq!((origin.count(), PAGE.blocks("yaml").len()), (1, 3));
}
