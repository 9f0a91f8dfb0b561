//! Elements and attributes, as forgiving as browsers are.

use super::{
    super::search::{find, passed},
    script::{WINDOW, is_payload, is_script_url},
};

/// An element as it stands in a text.
pub(super) struct Tag<'t> {
    name: &'t [u8],
    /// Its attributes.
    pub(super) inside: &'t [u8],
    /// What follows its name, the element's content included.
    pub(super) rest: &'t [u8],
}

// === impl Tag ===

impl<'t> Tag<'t> {
    /// The next element from `from` on, which is moved behind its name.
    pub(super) fn next(text: &'t [u8], from: &mut usize) -> Option<Self> {
        loop {
            let open = *from + text.get(*from..)?.iter().position(|it| *it == b'<')?;
            let behind = &text[open + 1..];
            let junk = behind
                .iter()
                .take_while(|it| **it == 0 || **it == b'/')
                .count();
            let named = &behind[junk..];
            let length = named
                .iter()
                .take_while(|it| it.is_ascii_alphanumeric() || matches!(it, b':' | b'-' | b'_'))
                .count();
            *from = open + 1 + junk + length;
            if named.first().is_some_and(u8::is_ascii_alphabetic) {
                let rest = &named[length..];
                let rest = &rest[..rest.len().min(WINDOW)];
                return Some(Self {
                    name: &named[..length],
                    inside: &rest[..inside(rest)],
                    rest,
                });
            }
        }
    }

    /// The name without a namespace.
    pub(super) fn local_name(&self) -> &'t [u8] {
        self.name
            .rsplit(|it| *it == b':')
            .next()
            .unwrap_or_default()
    }

    /// Whether an attribute of this name has a value.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let mut rest = self.inside;
        while let Some(at) = find(rest, name) {
            let after = &rest[at + name.len()..];
            let space = after.iter().take_while(|it| **it <= b' ').count();
            let begins = at == 0 || !rest[at - 1].is_ascii_alphanumeric();
            if begins && after.get(space) == Some(&b'=') {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// Where the attributes end: at a `>` outside quotes, or where another element begins.
fn inside(rest: &[u8]) -> usize {
    let mut quote = None;
    let mut unquoted = None;
    let mut before = 0;
    for (at, byte) in rest.iter().enumerate() {
        match (quote, *byte) {
            (None, b'>' | b'<') => {
                passed(at);
                return at;
            }
            (None, b'"' | b'\'') if before == b'=' => quote = Some(*byte),
            (Some(open), close) if open == close => quote = None,
            (Some(_), b'>') if unquoted.is_none() => unquoted = Some(at),
            _ => {}
        }
        if *byte > b' ' {
            before = *byte;
        }
    }
    passed(rest.len());
    // A quote that nothing ends: then it was none.
    if quote.is_some() {
        unquoted.unwrap_or(rest.len())
    } else {
        rest.len()
    }
}

/// The value of the first event handler among attributes.
pub(super) fn handler(attributes: &[u8]) -> Option<&[u8]> {
    let attributes = &attributes[..attributes.len().min(WINDOW)];
    passed(attributes.len());
    let mut before = b' ';
    for (at, byte) in attributes.iter().enumerate() {
        let separated = matches!(before, 0..=b' ' | b'/' | b'"' | b'\'' | b'`' | 0xa0);
        if *byte == b'o' && separated && attributes.get(at + 1) == Some(&b'n') {
            let name = attributes[at + 2..]
                .iter()
                .take_while(|it| it.is_ascii_alphabetic());
            let name = name.count();
            let rest = &attributes[at + 2 + name..];
            let space = rest.iter().take_while(|it| **it <= b' ').count();
            if (3..=40).contains(&name) && rest.get(space) == Some(&b'=') {
                let value = &rest[space + 1..];
                return (!value.is_empty()).then_some(value);
            }
        }
        before = *byte;
    }
    None
}

/// Whether an attribute of a framework that runs what it says does what attackers do, or an animation
/// sets an event handler.
pub(super) fn has_directive(attributes: &[u8]) -> bool {
    const NAMES: [&[u8]; 13] = [
        b"x-init=",
        b"x-data=",
        b"x-on:",
        b"ng-init=",
        b"ng-click=",
        b"ng-focus=",
        b"ng-mouse",
        b"v-html=",
        b"v-if=",
        b"v-on:",
        b"@click=",
        b"data-bind=",
        b"attributename=",
    ];
    NAMES.iter().any(|name| {
        find(attributes, name).is_some_and(|at| {
            let value = &attributes[at + name.len()..];
            let skip = value.iter().take_while(|it| matches!(it, b'"' | b'\''));
            let sets = name != b"attributename=" || value[skip.count()..].starts_with(b"on");
            sets && is_payload(value)
        })
    })
}

/// Whether a handler runs without anybody doing anything, and is of a kind that pages do without.
pub(super) fn starts_itself(name: &[u8], attributes: &[u8]) -> bool {
    let has = |it: &[u8]| find(attributes, it).is_some();
    match name {
        b"svg" => has(b"onload"),
        b"marquee" => has(b"onstart"),
        _ => has(b"onbegin"),
    }
}

/// A URL with a script among attributes.
pub(super) fn has_script_url(attributes: &[u8]) -> bool {
    let mut rest = attributes;
    while let Some(at) = rest.iter().position(|it| *it == b'=') {
        rest = &rest[at + 1..];
        let skip = rest
            .iter()
            .take_while(|it| matches!(it, 0..=b' ' | b'"' | b'\'' | b'`'));
        if is_script_url(&rest[skip.count()..]) {
            return true;
        }
    }
    false
}
