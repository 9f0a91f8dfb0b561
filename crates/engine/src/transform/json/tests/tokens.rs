//! Whatever comes, the tokens that go out are those that came in.

use proptest::prelude::*;

use super::{properties::cut, *};

/// The tokens of any bytes, as every reader takes them apart: strings, marks, and runs of what is
/// neither these nor white space.
pub(super) fn tokens(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut tokens) = (bytes, Vec::new());
    if let Some(after) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        rest = after;
        tokens.push(&bytes[..3]);
    }
    while let Some(first) = rest.first() {
        let length = match first {
            b' ' | b'\t' | b'\n' | b'\r' => {
                rest = &rest[1..];
                continue;
            }
            b'"' => string(rest),
            b'{' | b'}' | b'[' | b']' | b',' | b':' | 0x1e => 1,
            _ => {
                let ends = b" \t\n\r\"{}[],:\x1e";
                let end = rest.iter().position(|byte| ends.contains(byte));
                end.unwrap_or(rest.len())
            }
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

fn streamed(bytes: &[u8], sequence: Sequence) -> Vec<u8> {
    let (out, result, _) = trimmed(&rules(&[]), sequence, [bytes]);
    assert_eq!(result, Ok(()));
    out
}

#[test]
fn two_tokens_never_become_one() {
    for (text, expected) in [
        ("[1 2]", "[1 2]"),
        ("[1\r\n\t 2]  ", "[1 2]  "),
        ("[ 1 , 2 3 , 4 ]", "[1,2 3 , 4 ]"),
        ("[1 .5]", "[1 .5]"),
        ("[1 e5]", "[1 e5]"),
        ("[true false]", "[true false]"),
        ("{\"a\": 1 2}", "{\"a\":1 2}"),
        ("{\"a\": 1 \"b\": 2}", "{\"a\":1 \"b\": 2}"),
        ("{\"a\" 1}", "{\"a\" 1}"),
        ("[\"a\" 'b']", "[\"a\" 'b']"),
        ("1 2", "1 2"),
        ("1\n2", "1\n2"),
        ("true  false", "true false"),
        ("{ }\n  x", "{}\n x"),
        ("  x", " x"),
        ("\u{feff} x", "\u{feff} x"),
        ("\u{feff}  {} ", "\u{feff}{}"),
        ("truefalse", "truefalse"),
    ] {
        for size in 1..=text.len() {
            let pieces = text.as_bytes().chunks(size);
            let (out, ..) = trimmed(&rules(&[]), Sequence::Documents, pieces);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
        assert_eq!(tokens(text.as_bytes()), tokens(expected.as_bytes()));
    }
}

const SEQUENCES: [Sequence; 3] = [Sequence::Documents, Sequence::Lines, Sequence::Records];

/// Bytes that mean something to JSON, and others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        " ",
        "  ",
        "\n",
        "\t",
        "\r\n",
        "\u{1e}",
        "1",
        "-2",
        "0",
        ".5",
        "e9",
        "1e",
        "true",
        "false",
        "null",
        "nul",
        "\"a\"",
        "\"a b\"",
        "\"\\\"",
        "\"\\u0041 \"",
        "'",
        "//",
        "/* */",
        "\u{feff}",
        "x",
        "\u{e9}",
        "\u{a0}",
    ]);
    let word = prop_oneof![
        8 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn whatever_comes_its_tokens_stay_what_they_are(
        bytes in bytes(),
        sequence in prop::sample::select(SEQUENCES.to_vec()),
        sizes in prop::collection::vec(1..9_usize, 1..6),
    ) {
        let out = streamed(&bytes, sequence);
        prop_assert_eq!(tokens(&out), tokens(&bytes), "{:?}", bytes.escape_ascii().to_string());
        prop_assert!(out.len() <= bytes.len());
        let (cut, ..) = trimmed(&rules(&[]), sequence, cut(&bytes, &sizes));
        prop_assert_eq!(cut, out);
    }

    /// What is said to be nothing in particular passes byte for byte, unless it begins as JSON does.
    #[test]
    fn what_is_no_json_passes_as_it_is(
        bytes in bytes(),
        sizes in prop::collection::vec(1..9_usize, 1..6),
    ) {
        let rules = rules(&["a"]);
        let (out, result, flaw) = trimmed(&rules, Sequence::Perhaps, [&*bytes]);
        let meant = bytes.iter().find(|byte| !b" \t\n\r\xef\xbb\xbf\x00\xfe\xff".contains(byte));
        if !matches!(meant, Some(b'[' | b'{')) {
            prop_assert_eq!((result, flaw), (Ok(()), None));
            prop_assert_eq!(&out, &bytes);
        }
        let (cut, cut_result, cut_flaw) = trimmed(&rules, Sequence::Perhaps, cut(&bytes, &sizes));
        prop_assert_eq!((cut_result, cut_flaw), (result, flaw));
        prop_assert_eq!(cut, out);
    }
}
