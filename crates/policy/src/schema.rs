//! The JSON Schema of the file, for editors.
//!
//! Derived from the shapes in `file`, then brought in line with what the reader accepts: a field is
//! never `null`, except that a mapping without required fields may be left empty (`cache:`); and any
//! single value may be a `${VARIABLE}`.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::file::File;

/// The schema (draft 2020-12) of a Forebay configuration.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    refuse_null(&mut schema);
    allow_variables(&mut schema);
    if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.values_mut().for_each(allow_empty);
    }
    if let Some(root) = schema.as_object_mut() {
        let ignored = json!({"^x-": {"description": "Ignored; a place for YAML anchors."}});
        root.insert("patternProperties".to_owned(), ignored);
        // A reader of the file sees first what it is.
        let head = ["$schema", "title", "description"];
        let mut rest = std::mem::take(root);
        root.extend(
            head.into_iter()
                .filter_map(|key| rest.shift_remove_entry(key)),
        );
        root.extend(rest);
    }
    schema
}

/// Takes the `null` out of every optional field.
fn refuse_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            refuse_null_here(object);
            object.values_mut().for_each(refuse_null);
        }
        Value::Array(items) => items.iter_mut().for_each(refuse_null),
        _ => {}
    }
}

fn refuse_null_here(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let Some(Value::Array(choices)) = object.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| *choice != json!({"type": "null"}));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        for (key, value) in only {
            // The field's own description says more than its type's.
            object.entry(key).or_insert(value);
        }
    }
}

/// Lets words, numbers and booleans come from the environment: `max_headers: ${MAX_HEADERS}`.
fn allow_variables(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(allow_variables);
            let kind = object.get("type").and_then(Value::as_str);
            if object.contains_key("enum") || matches!(kind, Some("boolean" | "integer" | "number"))
            {
                let mut value = std::mem::take(object);
                object.extend(value.shift_remove_entry("description"));
                let variable = json!({"type": "string", "pattern": r"\$\{"});
                object.insert("anyOf".to_owned(), json!([value, variable]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_variables),
        _ => {}
    }
}

/// Lets a mapping without required fields be written as a key with nothing behind its colon.
fn allow_empty(definition: &mut Value) {
    if let Some(object) = definition.as_object_mut()
        && object.get("type") == Some(&json!("object"))
        && !object.contains_key("required")
        && !object.contains_key("minProperties")
    {
        object.insert("type".to_owned(), json!(["object", "null"]));
    }
}
