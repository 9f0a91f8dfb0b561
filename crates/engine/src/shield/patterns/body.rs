//! Bodies: which of them are read, and how they are taken apart.

use super::{
    Look, Target, Written, json, multipart, quiet,
    text::{Bits, Place},
};

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading<'t> {
    Form,
    Json,
    Multipart {
        boundary: &'t str,
    },
    /// It is of a type that no rule understands.
    None,
    Text,
}

/// A form's value up to this length is a value like one in a query.
const SHORT: usize = 200;

/// Looks at a body.
pub(super) fn read(look: &mut Look<'_>, content_type: Option<&str>, body: &[u8]) {
    match Reading::of(content_type, body) {
        Reading::Form => look.form(body),
        Reading::Json => json::read(look, body),
        Reading::Multipart { boundary } => multipart::read(look, boundary, body),
        Reading::None => {}
        Reading::Text => look.body_text(b"", body),
    }
}

/// Whether bodies of this type are looked at, whatever is in them.
pub(super) fn is_read(content_type: Option<&str>) -> bool {
    !matches!(Reading::of(content_type, b"{"), Reading::None)
}

// === impl Reading ===

impl<'t> Reading<'t> {
    fn of(content_type: Option<&'t str>, body: &[u8]) -> Self {
        let Some(content_type) = content_type else {
            return Self::guessed(body);
        };
        let parameters = content_type.split_once(';').map_or("", |(_, rest)| rest);
        // Frameworks read what stands before any of these, whatever follows.
        let mut words = content_type.trim_start().split([';', ',', ' ', '\t']);
        let essence = words.next().unwrap_or_default().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => match boundary(parameters) {
                Some(boundary) => Self::Multipart { boundary },
                None => Self::Text,
            },
            "application/xml" | "application/graphql" | "application/javascript" => Self::Text,
            it if it.contains("json") => Self::guessed_json(body),
            it if it.starts_with("text/") || it.ends_with("+xml") => Self::Text,
            "" => Self::guessed(body),
            _ => Self::None,
        }
    }

    /// What says it is JSON and is not even quoted is text.
    fn guessed_json(body: &[u8]) -> Self {
        let first = body.iter().find(|it| !it.is_ascii_whitespace());
        match first {
            Some(b'{' | b'[' | b'"') => Self::Json,
            _ => Self::Text,
        }
    }

    fn guessed(body: &[u8]) -> Self {
        let first = body.iter().find(|it| !it.is_ascii_whitespace());
        match first {
            Some(b'{' | b'[') => Self::Json,
            Some(it) if it.is_ascii_graphic() && !body.contains(&0) => Self::Form,
            _ => Self::None,
        }
    }
}

// === impl Look ===

impl Look<'_> {
    /// A form in the body.
    fn form(&mut self, body: &[u8]) {
        for pair in body.split(|it| *it == b'&') {
            let equals = pair.iter().position(|it| *it == b'=').unwrap_or(pair.len());
            let name = &pair[..equals];
            let value = pair.get(equals + 1..).unwrap_or_default();
            let odd = !super::is_name(name);
            let value = if odd { pair } else { value };
            self.name(name, Target::body_field);
            if odd || !quiet::value(value) {
                let short = value.len() <= SHORT;
                let place = if short { Place::Parameter } else { Place::Body };
                self.value(value, Written::Form, place, || Target::body_field(name));
            }
        }
    }

    /// A field's text as it is.
    pub(super) fn body_text(&mut self, name: &[u8], text: &[u8]) {
        if !quiet::body_text(text, Bits::of(text)) {
            self.value(text, Written::Plain, Place::Body, || {
                Target::body_field(name)
            });
        }
    }

    /// A string of JSON, without its quotes.
    pub(super) fn json_text(&mut self, name: &[u8], text: &[u8], bits: Bits) {
        if !quiet::body_text(text, bits) {
            self.value(text, Written::Json, Place::Body, || {
                Target::body_field(name)
            });
        }
    }

    /// A field of a multipart body, or the name of a file.
    pub(super) fn part(&mut self, name: &[u8], text: &[u8]) {
        if !quiet::body_text(text, Bits::of(text)) {
            let short = text.len() <= SHORT;
            let place = if short { Place::Parameter } else { Place::Body };
            self.value(text, Written::Plain, place, || Target::body_field(name));
        }
    }

    /// The name of a field in a body.
    pub(super) fn field_name(&mut self, name: &[u8], bits: Bits) {
        if bits.any(Bits::DOLLAR) {
            self.name(name, Target::body_field);
        }
        if !quiet::body_text(name, bits) {
            self.value(name, Written::Json, Place::Body, || {
                Target::body_field(name)
            });
        }
    }
}

fn boundary(parameters: &str) -> Option<&str> {
    let parameter = parameters.split(';').map(str::trim).find_map(|it| {
        let (name, value) = it.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let boundary = parameter.trim_matches('"');
    (!boundary.is_empty() && boundary.len() <= 70).then_some(boundary)
}
