//! Documents that are odd, and bodies that are not what they are said to be.

use super::*;

fn chosen(fields: &[&str], sequence: Sequence, text: &[u8]) -> Result<String, Flaw> {
    let rules = rules(fields);
    let (out, result, flaw) = trimmed(&rules, sequence, [text]);
    for size in 1..text.len().min(64) {
        let (cut, cut_result, cut_flaw) = trimmed(&rules, sequence, text.chunks(size));
        assert_eq!((&cut, cut_result, cut_flaw), (&out, result, flaw), "{size}");
    }
    result.map(|()| String::from_utf8_lossy(&out).into_owned())
}

fn select(fields: &[&str], text: &str) -> String {
    chosen(fields, Sequence::Documents, text.as_bytes()).unwrap()
}

#[test]
fn every_occurrence_of_a_name_is_judged() {
    let text = r#"{"a":{"x":1},"b":{"a":2},"\u0061":{"x":3,"y":4},"a":5}"#;
    assert_eq!(select(&["a.x"], text), r#"{"a":{"x":1},"\u0061":{"x":3}}"#);
    assert_eq!(
        select(&["a"], r#"{"\u0061\u0000":1,"a\u0020":2,"\u0061":3}"#),
        r#"{"\u0061":3}"#
    );
}

#[test]
fn a_star_is_any_name_or_element_and_arrays_need_none() {
    let text = r#"{"items":{"x":{"price":1,"n":2},"y":[{"price":3},[[{"price":4,"n":5}]],6]}}"#;
    let expected = r#"{"items":{"x":{"price":1},"y":[{"price":3},[[{"price":4}]]]}}"#;
    assert_eq!(select(&["items.*.price"], text), expected);
    let listed = r#"{"items":[{"price":1,"n":2},{"price":3}]}"#;
    let expected = r#"{"items":[{"price":1},{"price":3}]}"#;
    assert_eq!(select(&["items.price"], listed), expected);
    assert_eq!(select(&["items.*.price"], listed), expected);
    assert_eq!(select(&["items.*"], listed), listed);
    assert_eq!(
        select(&["items.*"], r#"{"items":[1,"x"],"n":[2]}"#),
        r#"{"items":[1,"x"]}"#
    );
    assert_eq!(
        select(&["*.price"], r#"[{"price":1,"n":2}]"#),
        r#"[{"price":1}]"#
    );
    assert_eq!(
        select(&["*.*.a"], r#"[[{"a":1,"b":2}],{"c":{"a":3,"b":4}}]"#),
        r#"[[{"a":1}],{"c":{"a":3}}]"#
    );
}

/// Each array adds what a star leads to once, however many there are.
#[test]
fn stars_do_not_multiply_in_arrays_within_arrays() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(200), "]".repeat(200));
    let fields = ["*.*.*.*.a", "*.b.*.*.a", "*.*.*.c"];
    let text = deep(r#"{"a":1,"z":2}"#);
    assert_eq!(select(&fields, &text), deep(r#"{"a":1}"#));
}

#[test]
fn a_dot_in_a_name_is_part_of_the_name() {
    let text = r#"{"a.b":1,"a":{"b":2,"c":3}}"#;
    assert_eq!(select(&["a.b"], text), r#"{"a":{"b":2}}"#);
    assert_eq!(select(&["*"], text), text);
}

#[test]
fn what_has_none_of_the_fields_is_empty_and_stays_json() {
    assert_eq!(select(&["z"], r#"{"a":1}"#), "{}");
    assert_eq!(select(&["z"], r#"[{"a":1},{"b":[1]}]"#), "[{},{}]");
    assert_eq!(select(&["z"], "[1,\"x\",true,null]"), "[null]");
    assert_eq!(select(&["z"], "[]"), "[]");
    for scalar in ["1", "\"text\"", "true", "null"] {
        assert_eq!(select(&["z"], scalar), scalar);
    }
}

#[test]
fn numbers_stay_as_they_are_written() {
    let text = r#"{"a":123456789012345678901234567890,"b":1,"a":-0.0,"a":1E+400,"a":1.10}"#;
    let expected = r#"{"a":123456789012345678901234567890,"a":-0.0,"a":1E+400,"a":1.10}"#;
    assert_eq!(select(&["a"], text), expected);
}

#[test]
fn other_encodings_are_left_alone_within_strings_and_refused_elsewhere() {
    let marked = "\u{feff}{\"a\":1,\"b\":2}";
    assert_eq!(select(&["a"], marked), "\u{feff}{\"a\":1}");
    let latin = b"{\"a\":\"caf\xe9\",\"caf\xe9\":2}";
    let lossy = chosen(&["a"], Sequence::Documents, latin).unwrap();
    assert_eq!(lossy, "{\"a\":\"caf\u{fffd}\"}");
    for utf16 in [&b"\xff\xfe{\0\"\0a\0"[..], b"{\0\"\0a\0", b"\0{\0\"\0a"] {
        let refused = chosen(&["a"], Sequence::Documents, utf16);
        assert_eq!(refused, Err(Flaw::NotJson));
    }
}

/// Neither what is deep nor what is in the way of what is deep gets out.
#[test]
fn what_is_too_deep_is_refused_wherever_it_is() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for (open, close) in [("{\"a\":", "}"), ("{\"b\":", "}"), ("[", "]")] {
        let at = |depth| format!("{open}{}{close}", nested(depth));
        assert!(chosen(&["a"], Sequence::Documents, at(MAX_DEPTH - 1).as_bytes()).is_ok());
        let over = chosen(&["a"], Sequence::Documents, at(MAX_DEPTH).as_bytes());
        assert_eq!(over, Err(Flaw::TooDeep));
    }
    let endless = "[{\"a\":".repeat(100_000);
    let (out, result, _) = trimmed(&rules(&["a"]), Sequence::Documents, [endless.as_bytes()]);
    assert_eq!(result, Err(Flaw::TooDeep));
    assert!(out.len() < 6 * MAX_DEPTH);
}

#[test]
fn every_line_and_every_record_is_a_document() {
    let lines = "{\"a\":1,\"b\":2}\n\n[{\"b\":2}]\r\n7\n{\"b\":{\"a\":1}}";
    assert_eq!(
        chosen(&["a"], Sequence::Lines, lines.as_bytes()).unwrap(),
        "{\"a\":1}\n\n[{}]\n7\n{}"
    );
    // RFC 7464, section 2.4: white space tells that a number is whole.
    let records = "\u{1e}{\"a\": 1, \"b\": 2}\n\u{1e}\u{1e}7 \u{1e}{\"b\":2}\n";
    assert_eq!(
        chosen(&["a"], Sequence::Records, records.as_bytes()).unwrap(),
        "\u{1e}{\"a\":1}\n\u{1e}\u{1e}7 \u{1e}{}\n"
    );
    let torn = "\u{1e}{\"a\": 1, \u{1e}{\"b\":2}\n";
    let refused = chosen(&["a"], Sequence::Records, torn.as_bytes());
    assert_eq!(refused, Err(Flaw::NotJson));
    let no_sequence = chosen(&["a"], Sequence::Documents, records.as_bytes());
    assert_eq!(no_sequence, Err(Flaw::NotJson));
}

#[test]
fn what_nobody_calls_json_is_json_when_it_begins_so() {
    let look = |text: &str| {
        let mut trimmer = Trimmer::new(rules(&["a"]), Sequence::Perhaps);
        let mut out = Vec::new();
        let result = trimmer
            .push(text.as_bytes(), &mut out)
            .and_then(|()| trimmer.finish());
        result.map(|()| (String::from_utf8(out).unwrap(), trimmer.content()))
    };
    let json = |text: &str| Ok((text.to_owned(), Content::Json));
    let other = |text: &str| Ok((text.to_owned(), Content::Other));
    assert_eq!(look(" \n{\"a\": 1, \"b\": 2} "), json(" \n{\"a\":1}"));
    assert_eq!(look("\u{feff}[{\"b\": 2}]"), json("\u{feff}[{}]"));
    assert_eq!(look("{\"a\":1}\n{\"b\":1}\n"), json("{\"a\":1}\n{}\n"));
    for text in [
        "",
        "  ",
        "plain  text",
        "<p> {} </p>",
        " 17",
        "\"x\"",
        "cb({})",
    ] {
        assert_eq!(look(text), other(text));
    }
    // Broader than a byte, after a byte order mark or without one: UTF-16 and UTF-32.
    for text in [
        &b"\xff\xfe{\0\"\0"[..],
        b"\xfe\xff\0{\0\"",
        b"\xff\xfe\n\0[\0",
        b"\0{\0\"",
        b"\0[\0]",
        b"\0 \0{",
        b"{\0\"\0",
        b" \0[\0",
        b"\xff\xfe\0\0{\0\0\0",
        b"\0\0\0{",
    ] {
        let refused = chosen(&["a"], Sequence::Perhaps, text);
        assert_eq!(refused, Err(Flaw::NotJson), "{}", text.escape_ascii());
    }
    // A picture, text, a film, WebAssembly.
    for bytes in [
        &b"\xff\xd8\xff\xe0{}"[..],
        b"\xff\xfep\0{\0",
        b"\0\0\0 ftyp{",
        b"\0asm[",
        b"\0",
    ] {
        let (out, result, _) = trimmed(&rules(&["a"]), Sequence::Perhaps, bytes.chunks(1));
        assert_eq!(
            (&out[..], result),
            (bytes, Ok(())),
            "{}",
            bytes.escape_ascii()
        );
    }
    assert_eq!(look("[info] it  works"), Err(Flaw::NotJson));
    assert_eq!(look("{\"a\":1"), Err(Flaw::Unfinished));
}
