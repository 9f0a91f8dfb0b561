//! `Accept-Language`: always one of those on offer, and never one that was excluded while another
//! was asked for.

use engine::cache::language::best;

use super::Target;
use crate::input;

pub(crate) const TARGET: Target = Target {
    name: "accept_language",
    words: &[
        "en",
        "de",
        "de-CH",
        "fr-CA",
        "en-GB-oed",
        "*",
        ";q=0",
        ";q=0.5",
        ";q=1",
        ";q=0.001",
        "-",
        ", ",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let offered = ["en", "de", "fr-CA", "de-CH"].map(str::to_owned);
    let fields = input::values("accept-language", data);
    let chosen = best(&fields, &offered).unwrap();
    assert!(offered.iter().any(|tag| tag == chosen));
    let loud = input::values("accept-language", &data.to_ascii_uppercase());
    assert_eq!(best(&loud, &offered), Some(chosen));
    assert_eq!(best(&fields, &offered[..1]), Some("en"));
    assert_eq!(best(&fields, &[]), None);
}
