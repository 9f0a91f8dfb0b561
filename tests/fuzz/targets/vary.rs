//! `Vary`: the request that fetched a response selects it, and selecting is mutual.

use engine::cache::vary::{AcceptEncoding, Match, Vary, VaryKey};
use http::HeaderMap;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "vary",
    words: &[
        "vary: ",
        "accept-encoding",
        "accept-language",
        "accept",
        "x-a",
        "*",
        "x-forwarded-for",
        ": ",
        "gzip, br",
        "br;q=0",
        "identity;q=0",
        "\"a , b\"",
        "\\\"",
        " , ",
        "content-encoding: gzip",
        "\n",
        "\n\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let (one, other, response) = (input.fields(), input.fields(), input.fields());
    let Vary::Fields(names) = Vary::of(&response) else {
        return;
    };
    assert!(names.is_sorted_by(|one, other| one.as_str() < other.as_str()));
    for mode in [
        AcceptEncoding::Fixed,
        AcceptEncoding::Reduced,
        AcceptEncoding::Verbatim,
    ] {
        let capture = |request: &HeaderMap| VaryKey::capture(&names, request, &response, mode);
        let (first, second) = (capture(&one), capture(&other));
        assert_eq!(first.matches(&one), Match::Same, "{mode:?}");
        assert_eq!(first.matches(&other), second.matches(&one), "{mode:?}");
        let is_same = first.matches(&other) == Match::Same;
        assert_eq!(is_same, first == second, "{mode:?}");
        if is_same && mode == AcceptEncoding::Verbatim {
            // An absent field is not an empty one.
            let held = |request: &HeaderMap| {
                let has = |name: &&http::HeaderName| request.contains_key(*name);
                names.iter().filter(has).count()
            };
            assert_eq!(held(&one), held(&other));
        }
    }
}
