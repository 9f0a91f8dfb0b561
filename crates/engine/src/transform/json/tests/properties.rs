//! What holds of every document, however it is cut into pieces.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// Fields to choose from: names that the documents below have, and others.
const PATHS: [&[&str]; 6] = [
    &["a"],
    &["a.b", "c"],
    &["*.a"],
    &["a.*", "b.c.a"],
    &["*.*.b", "a.c"],
    &["nobody"],
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The document with white space wherever it may be, and escapes wherever they may be.
fn spelled(value: &Value, draws: &mut impl Iterator<Item = u8>) -> String {
    let space = |draws: &mut dyn Iterator<Item = u8>| match draws.next() {
        Some(draw) if draw % 3 == 0 => [" ", "\n", "\t", "\r\n  "][usize::from(draw / 3 % 4)],
        _ => "",
    };
    let text = |text: &str, draws: &mut dyn Iterator<Item = u8>| {
        let mut spelled = String::from('"');
        for unit in text.encode_utf16() {
            let plain = char::from_u32(u32::from(unit))
                .filter(|c| !c.is_control() && *c != '"' && *c != '\\');
            match (plain, draws.next()) {
                (Some(plain), Some(draw)) if draw % 4 > 0 => spelled.push(plain),
                _ => spelled.push_str(&format!("\\u{unit:04x}")),
            }
        }
        spelled.push('"');
        spelled
    };
    let before = space(draws);
    let inside = match value {
        Value::Array(elements) => {
            let elements: Vec<_> = elements
                .iter()
                .map(|element| spelled(element, draws))
                .collect();
            format!("[{}{}]", space(draws), elements.join(","))
        }
        Value::Object(fields) => {
            let mut members = Vec::new();
            for (name, value) in fields {
                let name = text(name, draws);
                members.push(format!(
                    "{}{name}{}:{}",
                    space(draws),
                    space(draws),
                    spelled(value, draws)
                ));
            }
            format!("{{{}{}}}", space(draws), members.join(","))
        }
        Value::String(string) => text(string, draws),
        plain => plain.to_string(),
    };
    format!("{before}{inside}{}", space(draws))
}

/// What the list of fields means, said about a tree instead of a stream.
fn selected(value: &Value, paths: &[&[String]]) -> Option<Value> {
    match value {
        Value::Array(elements) => {
            let starred = paths.iter().filter(|path| path[0] == "*");
            let starred = starred.map(|path| &path[1..]);
            let inside: Vec<_> = paths.iter().copied().chain(starred).collect();
            if inside.iter().any(|path| path.is_empty()) {
                return Some(value.clone());
            }
            let elements = elements.iter();
            Some(
                elements
                    .filter_map(|element| selected(element, &inside))
                    .collect(),
            )
        }
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let below: Vec<_> = paths
                    .iter()
                    .filter(|path| path[0] == "*" || path[0] == *name)
                    .map(|path| &path[1..])
                    .collect();
                let value = if below.iter().any(|path| path.is_empty()) {
                    Some(value.clone())
                } else if below.is_empty() {
                    None
                } else {
                    selected(value, &below)
                };
                if let Some(value) = value {
                    kept.insert(name.clone(), value);
                }
            }
            Some(Value::Object(kept))
        }
        Value::Null => Some(Value::Null),
        _ => None,
    }
}

/// The same bytes in pieces of these sizes.
pub(super) fn cut<'b>(bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() || sizes.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Whether the bytes of `part` are in `whole`, in their order.
fn is_left_of(part: &[u8], whole: &[u8]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|other| other == byte))
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..9_usize, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_minified_document_is_the_same_and_has_no_space(
        value in value(),
        draws in prop::collection::vec(any::<u8>(), 0..200),
        sizes in sizes(),
    ) {
        let text = spelled(&value, &mut draws.into_iter());
        let value: Value = serde_json::from_str(&text).unwrap();
        let rules = rules(&[]);
        let (whole, result, flaw) = trimmed(&rules, Sequence::Documents, [text.as_bytes()]);
        prop_assert_eq!((result, flaw), (Ok(()), None));
        prop_assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), value);
        prop_assert!(is_left_of(&whole, text.as_bytes()));
        let pieces = cut(text.as_bytes(), &sizes);
        let (cut, ..) = trimmed(&rules, Sequence::Documents, pieces);
        prop_assert_eq!(&cut, &whole);
        let (again, ..) = trimmed(&rules, Sequence::Documents, [&*whole]);
        prop_assert_eq!(again, whole);
    }

    #[test]
    fn chosen_fields_are_those_that_a_reader_of_the_whole_would_choose(
        value in value(),
        list in 0..PATHS.len(),
        draws in prop::collection::vec(any::<u8>(), 0..200),
        sizes in sizes(),
    ) {
        let text = spelled(&value, &mut draws.into_iter());
        let value: Value = serde_json::from_str(&text).unwrap();
        let fields = PATHS[list];
        let paths: Vec<Vec<String>> = fields
            .iter()
            .map(|field| field.split('.').map(str::to_owned).collect())
            .collect();
        let paths: Vec<_> = paths.iter().map(Vec::as_slice).collect();
        // A document of one value is what it is.
        let expected = selected(&value, &paths).unwrap_or(value);
        let rules = rules(fields);
        let (whole, result, _) = trimmed(&rules, Sequence::Documents, [text.as_bytes()]);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), expected);
        prop_assert!(is_left_of(&whole, text.as_bytes()));
        let pieces = cut(text.as_bytes(), &sizes);
        let (cut, ..) = trimmed(&rules, Sequence::Documents, pieces);
        prop_assert_eq!(cut, whole);
    }

    /// Damaged documents: the verdict is that of another reader, never depends on how the bytes are
    /// cut, and nothing grows.
    #[test]
    fn damaged_documents_are_told_apart(
        value in value(),
        draws in prop::collection::vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"{}[]\",:0 \nen-.\\x".to_vec()),
        list in prop::option::of(0..PATHS.len()),
        sizes in sizes(),
    ) {
        let mut bytes = spelled(&value, &mut draws.into_iter()).into_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let rules = rules(list.map_or(&[][..], |list| PATHS[list]));
        let (whole, result, flaw) = trimmed(&rules, Sequence::Documents, [&*bytes]);
        prop_assert!(whole.len() <= bytes.len());
        let pieces = cut(&bytes, &sizes);
        let (cut, cut_result, cut_flaw) = trimmed(&rules, Sequence::Documents, pieces);
        prop_assert_eq!((cut_result, cut_flaw), (result, flaw));
        prop_assert_eq!(&cut, &whole);
        if serde_json::from_slice::<Value>(&bytes).is_ok() {
            prop_assert_eq!(flaw, None);
        }
        if list.is_none() && flaw.is_none() && !has_several(&bytes) && !has_loose_text(&bytes) {
            prop_assert!(serde_json::from_slice::<Value>(&bytes).is_ok(), "{:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn any_bytes_at_all_pass_without_growing(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        sizes in sizes(),
    ) {
        let rules = rules(&[]);
        let pieces = cut(&bytes, &sizes);
        let (out, result, _) = trimmed(&rules, Sequence::Lines, pieces);
        prop_assert_eq!(result, Ok(()));
        prop_assert!(out.len() <= bytes.len());
    }
}

/// Whether there is more than one document, or none: another reader wants one.
fn has_several(bytes: &[u8]) -> bool {
    let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let first = documents.next();
    first.is_none() || documents.next().is_some()
}

/// Whether a string holds what another reader refuses there, and we do not look at.
fn has_loose_text(bytes: &[u8]) -> bool {
    let error = serde_json::from_slice::<Value>(bytes).err();
    error.is_some_and(|error| {
        let error = error.to_string();
        [
            "control character",
            "escape",
            "surrogate",
            "UTF-8",
            "unicode",
            "out of range",
            "recursion",
        ]
        .iter()
        .any(|loose| error.contains(loose))
    })
}
