use proptest::prelude::*;

use super::*;
use crate::cache::testing::headers;

fn capture(vary: &str, request: &[(&str, &str)], mode: AcceptEncoding) -> VaryKey {
    let response = headers(&[("vary", vary)]);
    let Vary::Fields(names) = Vary::of(&response) else {
        panic!("star");
    };
    VaryKey::capture(&names, &headers(request), &response, mode)
}

fn matches(vary: &str, then: &[(&str, &str)], now: &[(&str, &str)]) -> bool {
    let key = capture(vary, then, AcceptEncoding::Verbatim);
    key.matches(&headers(now)) == Match::Same
}

#[test]
fn lines_are_one_sorted_list_without_repeats() {
    let vary = Vary::of(&headers(&[("vary", "X-B, accept ,,"), ("vary", "x-b,X-A")]));
    let names: Vec<_> = ["accept", "x-a", "x-b"].map(HeaderName::from_static).into();
    assert_eq!(vary, Vary::Fields(names));
    assert_eq!(Vary::of(&headers(&[])), Vary::Fields(vec![]));
}

/// TRAPS row 17: `*` never matches, nor does what cannot be known.
#[test]
fn star_is_found_anywhere() {
    for lines in [
        vec!["*"],
        vec!["accept, *"],
        vec!["accept", " * "],
        vec!["not a name"],
        vec!["X-Forwarded-For"],
    ] {
        let fields: Vec<_> = lines.iter().map(|line| ("vary", *line)).collect();
        assert_eq!(Vary::of(&headers(&fields)), Vary::Star, "{lines:?}");
    }
}

/// TRAPS row 11: absent is not empty.
#[test]
fn values_are_compared_without_the_space_that_means_nothing() {
    let a = |value| ("a", value);
    for (then, now, expected) in [
        (vec![], vec![], true),
        (vec![], vec![a("")], false),
        (vec![a("")], vec![], false),
        (vec![a("")], vec![a("  ")], true),
        (vec![a("x,y")], vec![a(" x , y\t")], true),
        (vec![a("x, y")], vec![a("x"), a("y")], true),
        (vec![a("x, y")], vec![a("y, x")], false),
        (vec![a("x y")], vec![a("xy")], false),
        (vec![a("x  y")], vec![a("x  y")], true),
        (vec![a("x  y")], vec![a("x y")], false),
        (vec![a("\"x , y\"")], vec![a("\"x,y\"")], false),
        (vec![a("\"x\\\" , y\"")], vec![a("\"x\\\",y\"")], false),
        (vec![a("\"x\" , y")], vec![a("\"x\",y")], true),
        (vec![a("x")], vec![a("X")], false),
        (vec![a("x"), a("")], vec![a("x")], false),
    ] {
        assert_eq!(matches("a", &then, &now), expected, "{then:?} {now:?}");
    }
}

#[test]
fn fields_not_named_do_not_matter() {
    assert!(matches(
        "a",
        &[("a", "1"), ("b", "1")],
        &[("a", "1"), ("b", "2")]
    ));
    assert!(!matches(
        "a, b",
        &[("a", "1"), ("b", "1")],
        &[("a", "1"), ("b", "2")]
    ));
    assert!(matches("", &[("a", "1")], &[]));
}

/// TRAPS row 17: `Accept-Encoding` is compared as what it means.
#[test]
fn accept_encoding_is_compared_as_the_proxy_sends_it() {
    let one = [("accept-encoding", "gzip, br;q=0.9")];
    let same = headers(&[("accept-encoding", "br,gzip;q=0.1,compress")]);
    let other = headers(&[("accept-encoding", "gzip")]);
    let key = capture("accept-encoding", &one, AcceptEncoding::Reduced);
    assert_eq!(key.matches(&same), Match::Same);
    assert_eq!(key.matches(&other), Match::Different);
    assert_eq!(key.matches(&headers(&[])), Match::Different);
    let key = capture("accept-encoding", &one, AcceptEncoding::Verbatim);
    assert_eq!(key.matches(&same), Match::Different);
    let key = capture("accept-encoding", &one, AcceptEncoding::Fixed);
    assert_eq!(key.matches(&headers(&[])), Match::Same);
}

#[test]
fn keys_are_equal_when_they_mean_the_same() {
    let key = |value| capture("a", &[("a", value)], AcceptEncoding::Verbatim);
    assert_eq!(key("x, y"), key("x ,y"));
    assert_ne!(key("x, y"), key("x"));
    assert_ne!(key(""), capture("a", &[], AcceptEncoding::Verbatim));
}

/// TRAPS row 18: an origin that encodes without being asked does not reach those who cannot read it.
#[test]
fn an_encoded_response_still_varies_when_the_proxy_fixed_the_field() {
    let response = headers(&[("vary", "accept-encoding"), ("content-encoding", "gzip")]);
    let request = headers(&[("accept-encoding", "gzip")]);
    let names = [header::ACCEPT_ENCODING];
    let key = VaryKey::capture(&names, &request, &response, AcceptEncoding::Fixed);
    assert_eq!(key.matches(&request), Match::Same);
    assert_eq!(key.matches(&headers(&[])), Match::Different);
}

/// TRAPS row 17: what can be undone for anybody is one variant; what cannot is not.
#[test]
fn a_coding_that_can_be_undone_selects_nothing() {
    let request = headers(&[("accept-encoding", "gzip")]);
    let names = [header::ACCEPT_ENCODING];
    for (coding, others) in [
        ("gzip", Match::Same),
        ("identity", Match::Same),
        ("gzip, br", Match::Different),
        ("zz", Match::Different),
    ] {
        let response = headers(&[("vary", "accept-encoding"), ("content-encoding", coding)]);
        let key = VaryKey::capture(&names, &request, &response, AcceptEncoding::Recoded);
        assert_eq!(key.matches(&request), Match::Same, "{coding}");
        assert_eq!(key.matches(&headers(&[])), others, "{coding}");
    }
}

proptest! {
    #[test]
    fn every_request_selects_its_own_response(lines in proptest::collection::vec("[ -~]{0,20}", 0..4)) {
        let fields: Vec<_> = lines.iter().map(|line| ("a", line.as_str())).collect();
        prop_assert!(matches("a", &fields, &fields));
    }

    #[test]
    fn normalising_twice_changes_nothing(line in "[ ,x\"\\\\]{0,20}") {
        let field = HeaderValue::from_str(&line).unwrap();
        let once: Vec<u8> = normalised([&field].into_iter()).collect();
        let again = HeaderValue::from_bytes(&once).unwrap();
        let twice: Vec<u8> = normalised([&again].into_iter()).collect();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn only_space_is_left_out(line in "[ ,xy\"]{0,20}") {
        let field = HeaderValue::from_str(&line).unwrap();
        let left: Vec<u8> = normalised([&field].into_iter()).filter(|byte| *byte != b' ').collect();
        let text: Vec<u8> = line.bytes().filter(|byte| *byte != b' ').collect();
        prop_assert_eq!(left, text);
    }
}
