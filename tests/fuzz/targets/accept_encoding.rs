//! `Accept-Encoding`: reduced to a set that says the same, and nothing is sent that was not asked for.

use engine::{
    cache::codings::Codings,
    negotiation::{Negotiated, Wish, identity_wish, negotiate},
};
use http::{HeaderMap, header};
use policy::Coding;

use super::Target;
use crate::input;

pub(crate) const TARGET: Target = Target {
    name: "accept_encoding",
    words: &[
        "gzip", "x-gzip", "br", "zstd", "deflate", "identity", "*", ";q=0", ";q=0.5", ";q=1.000",
        ";q=0.000", ";Q=", " ; ", ", ", "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let fields = input::values("accept-encoding", data);
    let accepted = Codings::accepted(&fields);
    let mut reduced = HeaderMap::new();
    reduced.insert(header::ACCEPT_ENCODING, accepted.header_value());
    assert_eq!(
        Codings::accepted(&reduced),
        accepted,
        "it says something else"
    );

    let text = String::from_utf8_lossy(data).to_ascii_lowercase();
    match negotiate(&fields, &Coding::ALL) {
        Negotiated::Coding(coding) => {
            assert!(text.contains(coding.as_str()) || text.contains('*'));
        }
        Negotiated::Identity => {}
        Negotiated::Nothing => assert_eq!(identity_wish(&fields), Wish::Refused),
    }
    let without = negotiate(&fields, &[]);
    assert_eq!(
        without == Negotiated::Nothing,
        identity_wish(&fields) == Wish::Refused
    );
}
