//! What an endpoint says that it has not begun with may be sent again whatever it is (RFC 9113,
//! section 8.7).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use harness::{Ask, H2Script, Origin};

use super::retries;
use crate::forebay;

/// Gives this answer to the first request of all, and 200 to the others; keeps their bodies.
fn refusing(refuse: fn(&mut H2Script, u32)) -> (Origin, Arc<Mutex<Vec<Vec<u8>>>>) {
    let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let (kept, refused) = (Arc::clone(&bodies), AtomicBool::new(false));
    let origin = Origin::scripted(move |conversation| {
        let Some(mut script) = H2Script::greet(conversation) else {
            return;
        };
        while let Some(head) = script.head() {
            if !refused.swap(true, Ordering::SeqCst) {
                refuse(&mut script, head.stream);
                continue;
            }
            let Some(body) = script.body(head) else {
                return;
            };
            kept.lock().unwrap().push(body);
            script.answer(head.stream);
        }
    });
    (origin, bodies)
}

#[test]
fn a_refused_stream_is_sent_again_even_when_it_is_a_post() {
    let (origin, bodies) = refusing(H2Script::refuse);
    let sidecar = forebay()
        .origin(&origin)
        .upstream("protocol: http2")
        .start();
    let response = sidecar.ask(&Ask::post("/", "an order"));
    assert_eq!(response.status, 200);
    assert_eq!(*bodies.lock().unwrap(), [b"an order"]);
    assert_eq!(retries(&sidecar, "unsent", "answered"), 1.0);
}

#[test]
fn a_stream_beyond_the_last_one_is_sent_again_even_when_it_is_a_post() {
    let (origin, bodies) = refusing(|script, _| script.go_away(0));
    let sidecar = forebay()
        .origin(&origin)
        .upstream("protocol: http2")
        .start();
    let response = sidecar.ask(&Ask::post("/", "an order"));
    assert_eq!(response.status, 200);
    assert_eq!(*bodies.lock().unwrap(), [b"an order"]);
}
