//! The popularity file: what is read from it is the same when it is written and read again. It may
//! be written by hand, so that a count of `007` is one.

use store::popularity::{Popularity, decode, encode};

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "popularity",
    words: &[
        "forebay-popularity 1\n",
        "4711 https shop.test /a?b=1\n",
        "1 http shop.test:8080 /\n",
        "end 1\n",
        "end 2\n",
        "end 0\n",
        " ",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(known) = decode(&text) else {
        return;
    };
    assert_eq!(decode(&encode(&known)), Ok(known.clone()));
    let counted = Popularity::new(4);
    counted.load(known);
    counted.fade();
    let snapshot = counted.snapshot();
    assert!(snapshot.len() <= 4);
    let again = decode(&encode(&snapshot));
    assert_eq!(again, Ok(snapshot));
}
