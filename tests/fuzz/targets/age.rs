//! `Age`: what is stored only gets older, and never younger than it came.

use engine::cache::{age, date::HttpDate, seconds::DeltaSeconds};
use http::header;

use super::Target;
use crate::{input::Input, oracle::at};

pub(crate) const TARGET: Target = Target {
    name: "age",
    words: &[
        "age: ",
        "date: ",
        "Mon, 01 Jan 2024 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        ", ",
        "\n",
    ],
    run,
};

/// Longer than any process lives, and short enough for every clock.
const LONG: u64 = 1 << 34;

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let [sent, delay, rest, more] = [(); 4].map(|()| input.number() % LONG);
    let (sent_at, received_at) = (at(sent), at(sent + delay));
    let fields = input.fields();
    let date = fields
        .get(header::DATE)
        .and_then(|value| HttpDate::parse(value.as_bytes(), received_at.wall))
        .unwrap_or_else(|| HttpDate::of(received_at.wall));
    let most = DeltaSeconds::MAX.as_duration();
    let initial = age::initial(&fields, date, sent_at, received_at);
    assert!(initial <= most);
    assert!(initial >= age::received(&fields).as_duration());
    assert!(initial >= HttpDate::of(received_at.wall).since(date).min(most));
    let came = received_at.monotonic;
    let then = age::current(initial, came, at(sent + delay + rest));
    let later = age::current(initial, came, at(sent + delay + rest + more));
    assert!(initial <= then && then <= later && later <= most);
}
