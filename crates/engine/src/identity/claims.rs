//! What a verified token says.

use std::time::SystemTime;

use serde_json::{Map, Value};

/// The claims of a verified token.
///
/// There is no other way to get them than verifying one, so that whoever holds them may believe them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Names with their dots, and values as text. Those of the token itself come before those of
    /// objects within it.
    values: Vec<(Box<str>, Box<str>)>,
    expires_at: Option<SystemTime>,
}

/// Objects within objects beyond this many are not looked into.
const MAX_DEPTH: usize = 8;

// === impl Claims ===

impl Claims {
    pub(crate) fn new(claims: &Map<String, Value>, expires_at: Option<SystemTime>) -> Self {
        let mut values = Vec::with_capacity(claims.len());
        let mut level = vec![(String::new(), claims)];
        for _ in 0..MAX_DEPTH {
            let mut below = Vec::new();
            for (prefix, object) in level {
                for (name, value) in object {
                    let name = format!("{prefix}{name}");
                    let text = match value {
                        Value::Bool(value) => value.to_string(),
                        Value::Number(value) => value.to_string(),
                        Value::String(value) => value.clone(),
                        Value::Object(object) => {
                            below.push((format!("{name}."), object));
                            continue;
                        }
                        Value::Array(_) | Value::Null => continue,
                    };
                    values.push((name.into(), text.into()));
                }
            }
            level = below;
        }
        Self { values, expires_at }
    }

    /// A claim as text: a string as it is, a number or a boolean as JSON spells it.
    ///
    /// `a.b` is the claim of that name or else `b` in the object `a`. `None` when there is no such
    /// claim, or it is a list, an object or null.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(it, _)| **it == *name)
            .map(|(_, value)| &**value)
    }

    /// When they are no longer to be believed, leeway included; `None` when the token does not say.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// About how many bytes they hold.
    pub fn weight(&self) -> usize {
        let each = |(name, value): &(Box<str>, Box<str>)| {
            size_of::<(Box<str>, Box<str>)>() + name.len() + value.len()
        };
        size_of::<Self>() + self.values.iter().map(each).sum::<usize>()
    }
}
