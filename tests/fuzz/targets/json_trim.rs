//! JSON that is trimmed: tokens stay what they are, and nothing gets out that the list does not name.
//!
//! The first line holds the fields that stay, with spaces between them; none for all. The next is the
//! size of the pieces in which the rest comes.

use std::sync::Arc;

use engine::transform::json::{Flaw, JsonRules, Sequence, Trimmer};
use policy::{JsonPath, JsonTrim};
use serde_json::Value;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "json_trim",
    words: &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        " ",
        "\n",
        "\"a\":",
        "\"b\":",
        "\"\\u0061\":",
        "{\"a\":1}",
        "[1 2]",
        "true",
        "null",
        "-0.5e+1",
        "1e",
        "a.b",
        "*.a ",
        "\u{1e}",
        "\u{feff}",
        "[[[[",
        "]]]]",
        "\"x y\"",
    ],
    run,
};

const SEQUENCES: [Sequence; 4] = [
    Sequence::Documents,
    Sequence::Lines,
    Sequence::Perhaps,
    Sequence::Records,
];

type Trimmed = (Vec<u8>, Result<(), Flaw>, Option<Flaw>);

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let list = input.text();
    let fields: Vec<Vec<String>> = list.split_whitespace().filter_map(path).take(16).collect();
    let size = usize::try_from(input.number()).unwrap_or(usize::MAX).max(1);
    let body = input.rest();
    let all = Arc::new(JsonRules::new(&JsonTrim::default()));
    for sequence in SEQUENCES {
        minified(&all, sequence, body, size);
        if !fields.is_empty() {
            selected(&fields, sequence, body, size);
        }
    }
}

fn path(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = text.split('.').map(str::to_owned).collect();
    let named = names.iter().all(|name| !name.is_empty());
    (named && names.len() <= 32).then_some(names)
}

fn trimmed(rules: &Arc<JsonRules>, sequence: Sequence, body: &[u8], size: usize) -> Trimmed {
    let mut trimmer = Trimmer::new(Arc::clone(rules), sequence);
    let mut out = Vec::new();
    let pushed = body
        .chunks(size)
        .try_for_each(|piece| trimmer.push(piece, &mut out));
    let result = pushed.and_then(|()| trimmer.finish());
    (out, result, trimmer.flaw())
}

fn minified(rules: &Arc<JsonRules>, sequence: Sequence, body: &[u8], size: usize) {
    let (out, result, flaw) = trimmed(rules, sequence, body, size);
    assert_eq!(result, Ok(()));
    assert!(out.len() <= body.len());
    assert_eq!(tokens(&out), tokens(body));
    let whole = (out, result, flaw);
    assert_eq!(trimmed(rules, sequence, body, usize::MAX), whole);
    let (out, ..) = whole;
    if flaw.is_none() {
        assert_eq!(trimmed(rules, sequence, &out, size).0, out);
    }
    if let Ok(before) = serde_json::from_slice::<Value>(body) {
        assert_eq!(flaw, None);
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), before);
    }
}

fn selected(fields: &[Vec<String>], sequence: Sequence, body: &[u8], size: usize) {
    let names = |path: &Vec<String>| JsonPath {
        names: path.clone(),
    };
    let trim = JsonTrim {
        fields: fields.iter().map(names).collect(),
    };
    let rules = Arc::new(JsonRules::new(&trim));
    let (out, result, flaw) = trimmed(&rules, sequence, body, size);
    assert!(out.len() <= body.len());
    assert_eq!(result.err(), flaw);
    let whole = trimmed(&rules, sequence, body, usize::MAX);
    assert_eq!((whole.1, whole.2), (result, flaw));
    if result.is_err() {
        return;
    }
    assert_eq!(whole.0, out);
    if serde_json::from_slice::<Value>(body).is_ok() {
        let paths: Vec<&[String]> = fields.iter().map(Vec::as_slice).collect();
        let left = serde_json::from_slice::<Value>(&out).unwrap();
        assert!(left.is_null() || !is_composed(&left) || is_listed(&left, &paths));
    }
}

fn is_composed(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// Whether all of it may be here, where what follows these paths may.
fn is_listed(value: &Value, paths: &[&[String]]) -> bool {
    let below = |name: Option<&String>| {
        let leads = move |path: &&&[String]| path[0] == "*" || Some(&path[0]) == name;
        let below: Vec<&[String]> = paths.iter().filter(leads).map(|path| &path[1..]).collect();
        below
    };
    let is_listed = |value: &Value, paths: &[&[String]]| {
        paths.iter().any(|path| path.is_empty()) || is_listed(value, paths)
    };
    match value {
        Value::Array(elements) => {
            let inside = [paths, &below(None)].concat();
            elements.iter().all(|element| is_listed(element, &inside))
        }
        Value::Object(fields) => fields.iter().all(|(name, value)| {
            let below = below(Some(name));
            !below.is_empty() && is_listed(value, &below)
        }),
        Value::Null => true,
        _ => false,
    }
}

/// The tokens of any bytes: strings, marks, and runs of what is neither these nor white space.
fn tokens(bytes: &[u8]) -> Vec<&[u8]> {
    let mut tokens = Vec::new();
    let (mark, mut rest) = bytes.split_at(if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    });
    tokens.push(mark);
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
