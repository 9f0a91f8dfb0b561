//! Examples by hand, and properties against `serde_json` as another reader of the same bytes.

mod edges;
mod properties;
mod tokens;

use std::sync::Arc;

use policy::{JsonPath, JsonTrim};

use super::*;

pub(super) fn rules(fields: &[&str]) -> Arc<JsonRules> {
    let path = |field: &&str| JsonPath {
        names: field.split('.').map(str::to_owned).collect(),
    };
    Arc::new(JsonRules::new(&JsonTrim {
        fields: fields.iter().map(path).collect(),
    }))
}

/// What becomes of a body that comes in these pieces.
pub(super) fn trimmed<'p>(
    rules: &Arc<JsonRules>,
    sequence: Sequence,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Result<(), Flaw>, Option<Flaw>) {
    let mut trimmer = Trimmer::new(Arc::clone(rules), sequence);
    let mut out = Vec::new();
    for piece in pieces {
        if let Err(flaw) = trimmer.push(piece, &mut out) {
            return (out, Err(flaw), trimmer.flaw());
        }
    }
    let finished = trimmer.finish();
    (out, finished, trimmer.flaw())
}

fn run(fields: &[&str], input: &str) -> Result<String, Flaw> {
    let (out, result, _) = trimmed(&rules(fields), Sequence::Documents, [input.as_bytes()]);
    result.map(|()| String::from_utf8(out).unwrap())
}

fn minified(input: &str) -> String {
    run(&[], input).unwrap()
}

#[test]
fn white_space_between_tokens_goes_and_nothing_else() {
    let pretty = "\u{feff} {\r\n\t\"a b\" : [ 1 , -2.50e+07 , \"x \\\" \\u0041\\n\" ] ,\n \"a b\" : { } , \"c\":[ ],\"d\" : nu";
    let pretty = format!("{pretty}ll , \"e\": true,\"f\":\tfalse }}");
    let small = "\u{feff}{\"a b\":[1,-2.50e+07,\"x \\\" \\u0041\\n\"],\"a b\":{},\"c\":[],\"d\":null,\"e\":true,\"f\":false}";
    assert_eq!(minified(&pretty), small);
    assert_eq!(minified(small), small);
    for scalar in ["1", " 0.5 ", "\"\"", " null", "-0", "1e9", "[]", "{}"] {
        assert_eq!(minified(scalar), scalar.trim());
    }
    assert_eq!(minified(""), "");
    assert_eq!(minified(" \n "), "");
}

#[test]
fn what_is_not_json_passes_unchanged_from_the_mistake_on() {
    for text in [
        "<html>  <p>  </html>",
        "cb( { \"a\" : 1 } )",
        ")]}',\n{ }",
        "{\"a\":NaN , \"b\" : 1 }",
        "[01 , 2 ]",
        "[1. , 2 ]",
        "[-  1 ]",
        "[1,]  ",
        "[1}  ",
        "{\"a\" 1 }",
        "{1 : 2 }",
        "[tru e ]",
        "\u{feff}x  ",
        "1 , 2",
        "[]  x",
        "{\"a\":1,  }",
    ] {
        let (out, result, flaw) = trimmed(&rules(&[]), Sequence::Documents, [text.as_bytes()]);
        let out = String::from_utf8(out).unwrap();
        assert_eq!((result, flaw), (Ok(()), Some(Flaw::NotJson)), "{text}");
        // Only what stood between good tokens may be gone.
        let kept: String = text.split_whitespace().collect();
        assert_eq!(out.split_whitespace().collect::<String>(), kept, "{text}");
        assert!(text.len() - out.len() <= 2, "{text} -> {out}");
    }
    assert_eq!(minified("<a>  <b>"), "<a>  <b>");
    assert_eq!(minified("{ \"a\" : NaN , 1 }"), "{\"a\": NaN , 1 }");
    assert_eq!(minified("[]  x"), "[] x");
}

#[test]
fn half_a_document_is_told_apart_from_a_whole_one() {
    for half in [
        "{", "[1", "{\"a\"", "{\"a\":", "\"ab", "[1,2", "tru", "-", "1.", "1e+", "[][",
    ] {
        let (out, result, flaw) = trimmed(&rules(&[]), Sequence::Documents, [half.as_bytes()]);
        assert_eq!(out, half.as_bytes());
        assert_eq!((result, flaw), (Ok(()), Some(Flaw::Unfinished)), "{half}");
        assert_eq!(run(&["a"], half), Err(Flaw::Unfinished), "{half}");
    }
}

#[test]
fn one_separator_stays_between_documents() {
    assert_eq!(minified(" {} \n\n { } "), "{}\n{}");
    assert_eq!(minified("1 \t 2\r\n3\n"), "1 2\n3\n");
    assert_eq!(minified("{}[]\"\"1"), "{}[]\"\"1");
    let lines = |text: &str| {
        let (out, result, _) = trimmed(&rules(&["a"]), Sequence::Lines, [text.as_bytes()]);
        result.map(|()| String::from_utf8(out).unwrap())
    };
    let text = "\n{ \"a\" : 1, \"b\": 2 }\r\n\n {\"b\" : 2}  \n";
    assert_eq!(lines(text).unwrap(), "\n{\"a\":1}\n\n{}\n");
}

#[test]
fn a_newline_after_a_document_is_handed_on_at_once() {
    let mut trimmer = Trimmer::new(rules(&[]), Sequence::Documents);
    let mut out = Vec::new();
    trimmer.push(b"{\"type\": \"ADDED\"}\n", &mut out).unwrap();
    assert_eq!(out, b"{\"type\":\"ADDED\"}\n");
}

#[test]
fn only_fields_of_the_list_stay() {
    let all = r#"{"id": 1, "name": "x", "address": {"city": "B", "zip": "1"}, "items": [{"price": 2, "n": 1}, {"n": 2}]}"#;
    let cases = [
        (&["id"][..], r#"{"id":1}"#),
        (&["name", "id"], r#"{"id":1,"name":"x"}"#),
        (&["address.city"], r#"{"address":{"city":"B"}}"#),
        (&["address"], r#"{"address":{"city":"B","zip":"1"}}"#),
        (
            &["address", "address.zip"],
            r#"{"address":{"city":"B","zip":"1"}}"#,
        ),
        (&["items.price"], r#"{"items":[{"price":2},{}]}"#),
        (&["*.price"], r#"{"address":{},"items":[{"price":2},{}]}"#),
        (
            &["*.zip", "address.city"],
            r#"{"address":{"city":"B","zip":"1"},"items":[{},{}]}"#,
        ),
        (&["*"], &all.replace(": ", ":").replace(", ", ",")),
        (&["nothing"], "{}"),
    ];
    for (fields, expected) in cases {
        assert_eq!(run(fields, all).unwrap(), *expected, "{fields:?}");
    }
}

#[test]
fn arrays_are_walked_through_and_documents_of_one_value_stay() {
    assert_eq!(
        run(&["a"], r#"[[{"a":1,"b":2}],{"b":1}]"#).unwrap(),
        r#"[[{"a":1}],{}]"#
    );
    assert_eq!(run(&["a"], "\"text\"").unwrap(), "\"text\"");
    assert_eq!(run(&["a"], "17").unwrap(), "17");
}

#[test]
fn what_has_no_fields_goes_where_fields_are_named_below_it_and_null_stays() {
    let run = |text| run(&["a.b"], text).unwrap();
    assert_eq!(run(r#"{"a": "secret", "c": 1}"#), "{}");
    assert_eq!(run(r#"{"a": null}"#), r#"{"a":null}"#);
    assert_eq!(
        run(r#"{"a": [1, {"b": [2, 3]}, null, "x", true]}"#),
        r#"{"a":[{"b":[2,3]},null]}"#
    );
    assert_eq!(
        run(r#"{"a": true, "a": {"b": 1}, "a": -1.5}"#),
        r#"{"a":{"b":1}}"#
    );
}

#[test]
fn names_are_compared_as_they_are_meant_and_stay_as_they_are_written() {
    assert_eq!(
        run(&["name"], r#"{"\u006eame": 1, "Name": 2, "na\\me": 3}"#).unwrap(),
        r#"{"\u006eame":1}"#
    );
    assert_eq!(
        run(&["a\"b"], r#"{"a\"b": 1, "a": 2}"#).unwrap(),
        r#"{"a\"b":1}"#
    );
    assert_eq!(run(&["a"], r#"{"\x61": 1}"#), Err(Flaw::NotJson));
}

#[test]
fn repeated_fields_and_empty_ones_stay_in_their_order() {
    assert_eq!(
        run(&["a"], r#"{"a":1,"b":2,"a":3,"":4}"#).unwrap(),
        r#"{"a":1,"a":3}"#
    );
}

#[test]
fn where_fields_are_chosen_nothing_follows_a_mistake() {
    for (text, before) in [
        (r#"{"a":1,"b":NaN,"a":2}"#, r#"{"a":1"#),
        (r#"{"a":1}} {"b":2}"#, r#"{"a":1}"#),
        ("<secret/>", ""),
    ] {
        let (out, result, _) = trimmed(&rules(&["a"]), Sequence::Documents, [text.as_bytes()]);
        assert_eq!(result, Err(Flaw::NotJson), "{text}");
        assert_eq!(String::from_utf8(out).unwrap(), before);
    }
    let mut trimmer = Trimmer::new(rules(&["a"]), Sequence::Documents);
    let mut out = Vec::new();
    assert!(trimmer.push(b"x", &mut out).is_err());
    assert!(trimmer.push(b"{\"b\":1}", &mut out).is_err());
    assert!(trimmer.finish().is_err());
    assert!(out.is_empty());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| format!("{} 1 {}", "[".repeat(depth), "]".repeat(depth));
    let most = nested(MAX_DEPTH);
    assert_eq!(minified(&most), most.replace(' ', ""));
    let over = nested(MAX_DEPTH + 1);
    let (out, result, flaw) = trimmed(&rules(&[]), Sequence::Documents, [over.as_bytes()]);
    assert_eq!((result, flaw), (Ok(()), Some(Flaw::TooDeep)));
    assert_eq!(out, over.as_bytes());
    assert_eq!(run(&["a"], &over), Err(Flaw::TooDeep));
}

#[test]
fn a_name_is_held_up_to_a_bound_and_only_where_fields_are_chosen() {
    let named = |length| format!("{{\"{}\": 1, \"a\" : 2}}", "k".repeat(length));
    assert_eq!(run(&["a"], &named(MAX_KEY - 2)).unwrap(), r#"{"a":2}"#);
    assert_eq!(run(&["a"], &named(MAX_KEY - 1)), Err(Flaw::LongKey));
    assert_eq!(run(&["*"], &named(MAX_KEY - 1)), Err(Flaw::LongKey));
    let long = named(100_000);
    assert_eq!(minified(&long).len(), long.len() - 4);
    let below = format!("{{\"b\":{long},\"a\":{long}}}");
    assert_eq!(run(&["a"], &below).unwrap().len(), long.len() - 4 + 6);
}
