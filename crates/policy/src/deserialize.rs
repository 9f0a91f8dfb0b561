//! A tree as serde sees it, and the loop that finds every mistake of shape.
//!
//! Serde stops at the first mistake. Here each mistake carries the node it is about, so the node can
//! be taken out of the tree and the rest read again, until nothing is wrong any more.

mod mistake;

use std::collections::HashSet;

use serde::{
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use crate::{
    diagnostic::{Code, Diagnostic},
    file::{AT, ONE_OR_MANY},
    tree::{Entry, Node, NodeId, Places, Tree, Value},
};

use mistake::{Mistake, Part};

/// More mistakes than this are not shown.
pub(crate) const MAX_MISTAKES: usize = 64;

/// The paths that were taken out because something was wrong with them. A field that is missing
/// because of that is not reported again as missing.
#[derive(Debug, Default)]
pub(crate) struct Pruned(HashSet<String>);

/// One node of the tree, to be read.
struct Reader<'de> {
    node: &'de Node,
    places: &'de Places,
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
    places: &'de Places,
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Node>,
    places: &'de Places,
}

/// The two halves of an [`crate::file::At`]: the number of the node, then the node.
struct Placed<'de> {
    reader: Reader<'de>,
    number_given: bool,
}

struct Choice<'de> {
    variant: &'de str,
    content: Option<&'de Node>,
    places: &'de Places,
    node: NodeId,
}

/// Reads a shape out of the tree, leaving out and reporting what is wrong.
pub(crate) fn read_shape<T: DeserializeOwned>(
    tree: &mut Tree,
    pruned: &mut Pruned,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    loop {
        let reader = Reader {
            node: &tree.root,
            places: &tree.places,
        };
        let mistake = match T::deserialize(reader) {
            Ok(shape) => return Some(shape),
            Err(mistake) => mistake,
        };
        let at = mistake.node().unwrap_or(tree.root.id);
        diagnostics.push(mistake.diagnose(tree));
        pruned.add(tree.places.path(at));
        if let Some(meant) = mistake.meant() {
            let parent = tree.places.get(at).parent.unwrap_or(tree.root.id);
            let place = tree.places.path(parent);
            pruned.add(if place.is_empty() {
                meant.to_owned()
            } else {
                format!("{place}.{meant}")
            });
        }
        if at == tree.root.id {
            return None;
        }
        if diagnostics.len() >= MAX_MISTAKES {
            let span = tree.places.get(at).span;
            diagnostics.push(Diagnostic::error(
                Code::TooManyMistakes,
                span,
                String::new(),
                format!("only the first {MAX_MISTAKES} mistakes are shown"),
            ));
            return None;
        }
        tree.root.prune(at);
    }
}

// === impl Pruned ===

impl Pruned {
    pub(crate) fn add(&mut self, path: String) {
        self.0.insert(path);
    }

    /// Whether something at or below this path was taken out.
    pub(crate) fn any_below(&self, path: &str) -> bool {
        let mut paths = self.0.iter();
        paths.any(|pruned| {
            let below = pruned.strip_prefix(path);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// Whether something at this path was taken out.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.0.contains(path)
    }
}

// === impl Reader ===

impl<'de> Reader<'de> {
    fn child(&self, node: &'de Node) -> Self {
        Self {
            node,
            places: self.places,
        }
    }

    /// The text of a value from the environment, which has no type of its own yet.
    fn untyped(&self) -> Option<&'de str> {
        match &self.node.value {
            Value::Text(text) if self.places.get(self.node.id).written.is_some() => Some(text),
            _ => None,
        }
    }

    fn entries(&self, entries: &'de [Entry]) -> Entries<'de> {
        Entries {
            entries: entries.iter(),
            value: None,
            places: self.places,
        }
    }

    fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.node.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Mapping(entries) => visitor.visit_map(self.entries(entries)),
            Value::Null => visitor.visit_unit(),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (None, Some(value), _) => visitor.visit_i64(value),
                (None, None, value) => visitor.visit_f64(value.unwrap_or(f64::MAX)),
            },
            Value::Sequence(items) => visitor.visit_seq(Items {
                items: items.iter(),
                places: self.places,
            }),
            Value::Text(text) => visitor.visit_borrowed_str(text),
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let id = self.node.id;
        self.visit(visitor)
            .map_err(|mistake| mistake.at(id, Part::Value))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.untyped() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.untyped().and_then(|text| text.parse().ok()) {
            Some(number) => {
                let id = self.node.id;
                let read = visitor.visit_u64(number);
                read.map_err(|mistake: Mistake| mistake.at(id, Part::Value))
            }
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.untyped().and_then(|text| text.parse().ok()) {
            Some(number) => {
                let id = self.node.id;
                let read = visitor.visit_f64(number);
                read.map_err(|mistake: Mistake| mistake.at(id, Part::Value))
            }
            None => self.deserialize_any(visitor),
        }
    }

    /// A field that is there is there, even when nothing stands behind its colon: `cache:` switches
    /// caching on with its defaults.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if name == AT {
            return visitor.visit_seq(Placed {
                reader: self,
                number_given: false,
            });
        }
        if name == ONE_OR_MANY && matches!(self.node.value, Value::Sequence(_)) {
            return self.deserialize_any(visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let id = self.node.id;
        match &self.node.value {
            Value::Null => visitor.visit_map(self.entries(&[])),
            // A derived visitor would also take a list, field by field.
            Value::Mapping(entries) => visitor.visit_map(self.entries(entries)),
            _ => Err(Mistake::unexpected("a mapping")),
        }
        .map_err(|mistake| mistake.at(id, Part::Value))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let id = self.node.id;
        let (variant, content) = match &self.node.value {
            Value::Text(word) => (word.as_str(), None),
            Value::Mapping(entries) if entries.len() == 1 => {
                (entries[0].key.as_str(), Some(&entries[0].value))
            }
            _ => return Err(Mistake::not_a_word(variants).at(id, Part::Value)),
        };
        let choice = Choice {
            variant,
            content,
            places: self.places,
            node: id,
        };
        visitor
            .visit_enum(choice)
            .map_err(|mistake| mistake.at(id, Part::Value))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

// === impl Items ===

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        let places = self.places;
        self.items
            .next()
            .map(|node| seed.deserialize(Reader { node, places }))
            .transpose()
    }
}

// === impl Entries ===

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mistake> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(&entry.value);
        let key: StrDeserializer<'_, Mistake> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|mistake| mistake.at(entry.value.id, Part::Key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let places = self.places;
        match self.value.take() {
            Some(node) => seed.deserialize(Reader { node, places }),
            None => Err(Mistake::unexpected("a value")),
        }
    }
}

// === impl Placed ===

impl<'de> SeqAccess<'de> for Placed<'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        if !self.number_given {
            self.number_given = true;
            let number = self.reader.node.id.0;
            return seed.deserialize(number.into_deserializer()).map(Some);
        }
        seed.deserialize(self.reader.child(self.reader.node))
            .map(Some)
    }
}

// === impl Choice ===

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Mistake> {
        let word: StrDeserializer<'_, Mistake> = self.variant.into_deserializer();
        let value = seed.deserialize(word)?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Mistake::unexpected("a word").at(self.node, Part::Value)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        let places = self.places;
        match self.content {
            Some(node) => seed.deserialize(Reader { node, places }),
            None => {
                let expected = format!("`{}: ..` with a value", self.variant);
                Err(Mistake::unexpected(&expected).at(self.node, Part::Value))
            }
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Mistake> {
        Err(Mistake::unexpected("a word").at(self.node, Part::Value))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Mistake> {
        Err(Mistake::unexpected("a word").at(self.node, Part::Value))
    }
}
