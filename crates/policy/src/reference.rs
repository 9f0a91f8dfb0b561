//! The policy reference as a page, from the JSON Schema, so that neither can lie about the other.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::{Code, json_schema};

/// The page `docs/reference/policies.md`, in Markdown.
pub fn reference_markdown() -> String {
    let schema = json_schema();
    let mut page = String::from(
        "# Policy reference\n\n\
         This page is generated from the JSON Schema. Durations are written `250ms`, `30s`, `5m`, \
         `1h30m` or `2d`; sizes `512B`, `64KiB` or `10MB`; rates `100/s`, `60/min`, `3/h` or `5/10s`; \
         percentages `20%`. \
         Text may hold `${VAR}`, `${VAR:-default}` and `${VAR:?message}`; `$${` is a literal `${`. \
         Top-level keys that begin with `x-` are ignored and are a place for YAML anchors.\n",
    );
    let nothing = Map::new();
    let definitions = schema
        .get("$defs")
        .and_then(Value::as_object)
        .unwrap_or(&nothing);
    section(&mut page, "The file", &schema);
    // Each mapping after the one that mentions it first.
    let mut waiting: VecDeque<String> = VecDeque::new();
    let mut seen: Vec<String> = Vec::new();
    mentioned(schema.get("properties"), &mut waiting);
    while let Some(name) = waiting.pop_front() {
        if seen.contains(&name) {
            continue;
        }
        if let Some(definition) = definitions.get(&name) {
            section(&mut page, &title(&name), definition);
            mentioned(definition.get("properties"), &mut waiting);
        }
        seen.push(name);
    }
    page.push_str("\n## Diagnostic codes\n\n| code | what it means |\n|---|---|\n");
    for code in Code::ALL {
        page.push_str(&format!("| `{code}` | {} |\n", code.sentence()));
    }
    page
}

fn section(page: &mut String, title: &str, schema: &Value) {
    let description = schema.get("description").and_then(Value::as_str);
    page.push_str(&format!("\n## {title}\n\n"));
    if let Some(description) = description {
        page.push_str(&format!("{}\n\n", one_line(description)));
    }
    page.push_str("| field | value | default | meaning |\n|---|---|---|---|\n");
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, field) in properties.into_iter().flatten() {
        let text = field
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = one_line(text);
        let (meaning, default) = match text.split_once(" Default ") {
            Some((meaning, default)) => {
                (meaning.to_owned(), default.trim_end_matches('.').to_owned())
            }
            None => (text, String::new()),
        };
        let must = required.is_some_and(|required| required.contains(&Value::from(name.as_str())));
        let default = if must { "required".to_owned() } else { default };
        let value = kind(field);
        page.push_str(&format!("| `{name}` | {value} | {default} | {meaning} |\n"));
    }
}

/// What kind of value a field takes, with a link where it is a mapping of its own.
fn kind(field: &Value) -> String {
    if let Some(name) = reference(field) {
        return link(&name);
    }
    if let Some(choices) = field
        .get("anyOf")
        .or_else(|| field.get("oneOf"))
        .and_then(Value::as_array)
    {
        let mut kinds: Vec<String> = choices.iter().map(kind).collect();
        // Words and numbers also take `${..}` as text; the head of the page says so once.
        if kinds
            .iter()
            .any(|kind| kind == "number" || kind.starts_with('`'))
        {
            kinds.retain(|kind| kind != "text");
        }
        kinds.dedup();
        return kinds.join(" or ");
    }
    let word = |value: &Value| format!("`{}`", value.as_str().unwrap_or_default());
    if let Some(word_alone) = field.get("const") {
        return word(word_alone);
    }
    if let Some(words) = field.get("enum").and_then(Value::as_array) {
        return words.iter().map(word).collect::<Vec<_>>().join(", ");
    }
    match field.get("type").and_then(Value::as_str) {
        Some("array") => format!(
            "list of {}",
            field.get("items").map(kind).unwrap_or_default()
        ),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("object") => mapping(field),
        Some("string") => match field.get("pattern").and_then(Value::as_str) {
            Some(pattern) if pattern.contains("ms") && pattern.contains('/') => "rate".to_owned(),
            Some(pattern) if pattern.contains('%') && pattern.contains("ms") => {
                "percentile or duration".to_owned()
            }
            Some(pattern) if pattern.contains('%') => "percentage".to_owned(),
            Some(pattern) if pattern.contains("ms") => "duration".to_owned(),
            Some(pattern) if pattern.contains("KMGT") => "size".to_owned(),
            Some(pattern) if pattern.contains("[2-5]") => "range".to_owned(),
            _ => "text".to_owned(),
        },
        _ => "value".to_owned(),
    }
}

fn mapping(field: &Value) -> String {
    if let Some(values) = field
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        let keys = match field.get("propertyNames") {
            Some(_) => "statuses",
            None => "names",
        };
        return format!("{keys} to {}", kind(values));
    }
    let properties = field.get("properties").and_then(Value::as_object);
    let inner = properties.into_iter().flatten();
    let inner: Vec<_> = inner
        .map(|(name, value)| format!("`{name}`: {}", kind(value)))
        .collect();
    format!("mapping with {}", inner.join(", "))
}

/// Every mapping a schema mentions, in its order.
fn mentioned(schema: Option<&Value>, names: &mut VecDeque<String>) {
    match schema {
        Some(Value::Object(object)) => {
            names.extend(schema.and_then(reference));
            object
                .values()
                .for_each(|value| mentioned(Some(value), names));
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| mentioned(Some(item), names)),
        _ => {}
    }
}

fn reference(field: &Value) -> Option<String> {
    let path = field.get("$ref")?.as_str()?;
    path.strip_prefix("#/$defs/").map(str::to_owned)
}

fn link(name: &str) -> String {
    let title = title(name);
    let anchor = title.to_lowercase().replace(' ', "-");
    format!("[{}](#{anchor})", title.to_lowercase())
}

/// `RateLimit` as `Rate limit`.
fn title(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.chars().enumerate() {
        if index > 0 && letter.is_uppercase() {
            out.push(' ');
            out.extend(letter.to_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
