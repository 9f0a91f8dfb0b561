//! The file as it was understood, fit to be shown: aliases followed, `x-` keys gone, values from the
//! environment as written, and literal secrets blanked out.

use crate::tree::{Entry, Node, NodeId, Places, Value};

const BLANK: &str = "<redacted>";

/// Parts of a key that promise a secret.
const SECRET: [&str; 9] = [
    "api-key",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "password",
    "secret",
    "token",
];

pub(crate) fn redact(root: &Node, places: &Places) -> String {
    let shown = show(root, places);
    // Writing a tree of plain values to a string cannot fail; an empty text shows nothing wrong.
    serde_yaml::to_string(&shown).unwrap_or_default()
}

fn show(node: &Node, places: &Places) -> Node {
    let value = match (&places.get(node.id).written, &node.value) {
        (Some(written), _) => Value::Text(written.clone()),
        (None, Value::Mapping(entries)) => {
            let entries = entries.iter().map(|entry| Entry {
                key: entry.key.clone(),
                value: if is_secret(entry, places) {
                    blank(&entry.value, places)
                } else {
                    show(&entry.value, places)
                },
            });
            Value::Mapping(entries.collect())
        }
        (None, Value::Sequence(items)) => {
            Value::Sequence(items.iter().map(|item| show(item, places)).collect())
        }
        (None, value) => value.clone(),
    };
    Node { id: node.id, value }
}

/// Whether a value must not be shown: its key says so, or it is compared with what a client sends.
fn is_secret(entry: &Entry, places: &Places) -> bool {
    let key = entry.key.to_ascii_lowercase();
    let promised = SECRET.iter().any(|part| key.contains(part));
    // The path of a secret is no secret.
    promised
        && !key.ends_with("_file")
        && !is_a_field_of_ours(entry.value.id, places)
        && !is_name(entry.value.id, places)
}

/// Lists of a policy whose items tell callers apart, perhaps by a cookie.
const COUNTING: [&str; 3] = ["rate_limit[].", "concurrency[].", "bans[]."];

/// Fields that sound like a secret and hold a word or the name of something.
fn is_a_field_of_ours(node: NodeId, places: &Places) -> bool {
    let kind = places.kind_of_path(node);
    if names_a_caller(&kind) {
        return true;
    }
    let in_cache = ["policies.*.cache.", "routes[].cache."]
        .iter()
        .find_map(|cache| kind.strip_prefix(cache));
    match in_cache {
        Some(field) => matches!(field, "request_cookies" | "set_cookie" | "key.cookies"),
        None => matches!(
            kind.as_str(),
            "cache.personas.*.cookies"
                | "identity.jwt.token"
                | "identity.jwt.token.cookie"
                | "upstreams.*.hash_on.cookie"
                | "upstreams.*.hash_on[].cookie"
                | "upstreams.*.sticky.cookie"
        ),
    }
}

/// Whether this is the name of a cookie by which callers are told apart.
fn names_a_caller(kind: &str) -> bool {
    let policy = ["policies.*.", "routes[]."]
        .iter()
        .find_map(|place| kind.strip_prefix(place));
    let item = policy.and_then(|field| COUNTING.iter().find_map(|list| field.strip_prefix(list)));
    matches!(
        item,
        Some("key.cookie" | "key[].cookie" | "adapt.tenant.cookie" | "adapt.tenant[].cookie")
    )
}

/// Upstreams, policies and the like may be called `tokens`; that makes nothing in them a secret.
fn is_name(node: NodeId, places: &Places) -> bool {
    places.kind_of_path(node).ends_with(".*")
}

fn blank(node: &Node, places: &Places) -> Node {
    if places.get(node.id).written.is_some() {
        return show(node, places);
    }
    let value = match &node.value {
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    value: blank(&entry.value, places),
                })
                .collect(),
        ),
        Value::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| blank(item, places)).collect())
        }
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        Value::Number(_) | Value::Text(_) => Value::Text(BLANK.to_owned()),
    };
    Node { id: node.id, value }
}
