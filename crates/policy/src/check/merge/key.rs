//! What a route's cache key comes to: its own fields, and those of its persona.

use http::{HeaderName, Method};

use crate::{
    BodyKey, ByteSize, CacheKey, Dimension, QueryKey, SettingOrigin,
    check::known::{Known, Persona},
    diagnostic::Code,
    file::{At, BodyKeyFile, CacheFile, DimensionFields, KeyFile, QueryKeyFile},
};

use super::picker::{Picker, Stack, Wrong, list, texts};

/// The fields by which responses differ, each text with its place.
#[derive(Default)]
struct Dimensions {
    headers: Vec<At<String>>,
    cookies: Vec<At<String>>,
    claims: Vec<At<String>>,
    language: Vec<At<String>>,
    device: bool,
}

pub(super) fn merge_key(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CacheFile>,
    known: &Known<'_>,
) -> CacheKey {
    let query = merge_query(picker, stack);
    let own = own_dimensions(picker, stack);
    let name = picker.pick(
        stack,
        "key.persona",
        |block| key(block).and_then(|key| key.persona.as_ref()),
        |name| Some(name.clone()),
        None,
        |name| name.clone().unwrap_or_else(|| "none".to_owned()),
    );
    // A name that does not exist has been reported.
    let persona = name.and_then(|name| known.persona(&name));
    let mut dimensions = Vec::new();
    if let Some(persona) = persona {
        let theirs = Dimensions::from(persona.file.dimensions());
        note_persona(picker, stack, persona);
        conflicts(picker, persona, &theirs, &own);
        dimensions.extend(theirs.list());
    }
    let mut mine = own.list();
    mine.retain(|dimension| !dimensions.contains(dimension));
    dimensions.extend(mine);
    CacheKey {
        query,
        dimensions,
        per_user: picker.pick(
            stack,
            "key.per_user",
            |block| key(block).and_then(|key| key.per_user.as_ref()),
            |claim| Some(claim.clone()),
            None,
            |claim| claim.clone().unwrap_or_else(|| "none".to_owned()),
        ),
        body: merge_body(picker, stack),
    }
}

fn key(block: &CacheFile) -> Option<&KeyFile> {
    block.key.as_ref().map(|at| &at.value)
}

fn query(block: &CacheFile) -> Option<&QueryKeyFile> {
    key(block)?.query.as_ref().map(|at| &at.value)
}

fn body(block: &CacheFile) -> Option<&BodyKeyFile> {
    key(block)?.body.as_ref().map(|at| &at.value)
}

fn merge_query(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> QueryKey {
    QueryKey {
        ignore: picker.pick(
            stack,
            "key.query.ignore",
            |block| query(block).and_then(|query| query.ignore.as_ref()),
            texts,
            Vec::new(),
            |ignore| list(ignore),
        ),
        keep: picker.pick(
            stack,
            "key.query.keep",
            |block| query(block).and_then(|query| query.keep.as_ref()),
            |keep| Some(texts(keep)),
            None,
            |keep| keep.as_deref().map_or_else(|| "every one".to_owned(), list),
        ),
        sort: picker.flag(stack, "key.query.sort", |block| {
            query(block).and_then(|query| query.sort.as_ref())
        }),
        no_vary_search: picker.flag(stack, "key.query.no_vary_search", |block| {
            query(block).and_then(|query| query.no_vary_search.as_ref())
        }),
    }
}

fn own_dimensions(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> Dimensions {
    Dimensions {
        headers: names(picker, stack, "key.headers", |key| key.headers.as_ref()),
        cookies: names(picker, stack, "key.cookies", |key| key.cookies.as_ref()),
        claims: names(picker, stack, "key.claims", |key| key.claims.as_ref()),
        language: names(picker, stack, "key.language", |key| key.language.as_ref()),
        device: picker.flag(stack, "key.device", |block| {
            key(block).and_then(|key| key.device.as_ref())
        }),
    }
}

fn names(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CacheFile>,
    field: &str,
    get: impl Fn(&KeyFile) -> Option<&At<Vec<At<String>>>>,
) -> Vec<At<String>> {
    picker.pick(
        stack,
        field,
        |block| key(block).and_then(&get),
        Vec::clone,
        Vec::new(),
        |names| show_names(names),
    )
}

fn merge_body(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> BodyKey {
    let standard = BodyKey::default();
    BodyKey {
        methods: picker.pick(
            stack,
            "key.body.methods",
            |block| body(block).and_then(|body| body.methods.as_ref()),
            |methods| methods.iter().filter_map(method).collect(),
            standard.methods,
            |methods| {
                let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
                format!("[{}]", methods.join(", "))
            },
        ),
        max_size: picker.pick(
            stack,
            "key.body.max_size",
            |block| body(block).and_then(|body| body.max_size.as_ref()),
            |size| size.0,
            standard.max_size,
            ByteSize::to_string,
        ),
    }
}

fn method(name: &At<String>) -> Option<Method> {
    Method::from_bytes(name.value.as_bytes()).ok()
}

/// Notes what a persona brings, below its name.
fn note_persona(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>, persona: Persona<'_>) {
    let fields = persona.file.dimensions();
    let lists = [
        ("headers", fields.headers),
        ("cookies", fields.cookies),
        ("claims", fields.claims),
        ("language", fields.language),
    ];
    let lists = lists
        .into_iter()
        .filter_map(|(field, list)| list.map(|at| (field, at.node, show_names(&at.value))));
    let device = fields
        .device
        .map(|at| ("device", at.node, at.value.to_string()));
    for (field, node, shown) in lists.chain(device) {
        let written = picker.findings.written_below(node);
        let shown = written.map_or(shown, str::to_owned);
        let origin = SettingOrigin::Persona {
            name: persona.name.to_owned(),
            line: picker.findings.line(node),
        };
        picker.note(
            &stack.prefix,
            &format!("key.persona.{field}"),
            shown,
            origin,
        );
    }
}

/// Reports what stands in the key and in its persona: one of them is not what somebody thinks.
fn conflicts(
    picker: &mut Picker<'_, '_>,
    persona: Persona<'_>,
    theirs: &Dimensions,
    own: &Dimensions,
) {
    let mut report = |at: &At<String>, what: &str| {
        let shown = picker.findings.show(at);
        picker.wrong.push(Wrong {
            node: at.node,
            code: Code::ListedTwice,
            message: format!(
                "the persona `{}` already brings the {what} `{shown}`",
                persona.name
            ),
            help: "remove it here or there",
        });
    };
    for header in &own.headers {
        let same = |other: &At<String>| other.value.eq_ignore_ascii_case(&header.value);
        if theirs.headers.iter().any(same) {
            report(header, "header");
        }
    }
    for (mine, others, what) in [
        (&own.cookies, &theirs.cookies, "cookie"),
        (&own.claims, &theirs.claims, "claim"),
    ] {
        for name in mine {
            if others.iter().any(|other| other.value == name.value) {
                report(name, what);
            }
        }
    }
    if let (Some(language), Some(_)) = (own.language.first(), theirs.language.first()) {
        picker.wrong.push(Wrong {
            node: language.node,
            code: Code::Contradiction,
            message: format!(
                "the persona `{}` already says which languages there are",
                persona.name
            ),
            help: "remove `language` here or there",
        });
    }
}

fn show_names(names: &[At<String>]) -> String {
    list(
        &names
            .iter()
            .map(|name| name.value.clone())
            .collect::<Vec<_>>(),
    )
}

// === impl Dimensions ===

impl Dimensions {
    /// In an order that does not depend on that of the file, so that neither does the key.
    fn list(&self) -> Vec<Dimension> {
        let text = |at: &At<String>| at.value.clone();
        let header = |at: &At<String>| HeaderName::from_bytes(at.value.as_bytes()).ok();
        let headers = self
            .headers
            .iter()
            .filter_map(header)
            .map(Dimension::Header);
        let cookies = self.cookies.iter().map(text).map(Dimension::Cookie);
        let claims = self.claims.iter().map(text).map(Dimension::Claim);
        let languages: Vec<_> = self.language.iter().map(text).collect();
        let language = (!languages.is_empty()).then_some(Dimension::Language(languages));
        let device = self.device.then_some(Dimension::Device);
        let named = headers.chain(cookies).chain(claims);
        named.chain(language).chain(device).collect()
    }
}

impl From<DimensionFields<'_>> for Dimensions {
    fn from(fields: DimensionFields<'_>) -> Self {
        let names =
            |list: Option<&At<Vec<At<String>>>>| list.map_or_else(Vec::new, |at| at.value.clone());
        Self {
            headers: names(fields.headers),
            cookies: names(fields.cookies),
            claims: names(fields.claims),
            language: names(fields.language),
            device: fields.device.is_some_and(|at| at.value),
        }
    }
}
