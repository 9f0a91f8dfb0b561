//! What a route's shield comes to.

use http::{HeaderName, Method};
use ipnet::IpNet;

use crate::{
    AttackCategory, ByteSize, MediaTypePattern, PathReading, RuleExclusion, ShieldPolicy,
    ShieldRules,
    check::{blocks::parse_media_type, listeners::read_network},
    file::{At, CategoryWord, Count, ExclusionFile, PathsWord, RulesFile, ShieldFile, Size},
};

use super::picker::{Picker, Stack, Switched, list, texts};

const KIB: u64 = 1 << 10;

/// Headers that attacks are commonly sent in.
const HEADERS: [&str; 2] = ["user-agent", "referer"];

/// In the order in which the reference names them.
const CATEGORIES: [AttackCategory; 4] = [
    AttackCategory::SqlInjection,
    AttackCategory::Xss,
    AttackCategory::PathTraversal,
    AttackCategory::CommandInjection,
];

pub(super) fn merge_shield(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, ShieldFile>,
) -> ShieldPolicy {
    ShieldPolicy {
        mode: picker.mode(stack, |block| block.mode.as_ref()),
        allow: networks(picker, stack, "allow", |block| block.allow.as_ref()),
        deny: networks(picker, stack, "deny", |block| block.deny.as_ref()),
        methods: methods(picker, stack),
        content_types: content_types(picker, stack),
        max_url: size(picker, stack, "max_url", 8 * KIB, |block| {
            block.max_url.as_ref()
        }),
        max_query: size(picker, stack, "max_query", 4 * KIB, |block| {
            block.max_query.as_ref()
        }),
        max_header: size(picker, stack, "max_header", 8 * KIB, |block| {
            block.max_header.as_ref()
        }),
        max_body: picker.pick(
            stack,
            "max_body",
            |block| block.max_body.as_ref(),
            |size| size.on().map(|size| size.0),
            None,
            |size| size.map_or_else(|| "off".to_owned(), |size| size.to_string()),
        ),
        max_json_depth: number(picker, stack, "max_json_depth", 64, |block| {
            block.max_json_depth.as_ref()
        }),
        paths: picker.pick(
            stack,
            "paths",
            |block| block.paths.as_ref(),
            |word| match word {
                PathsWord::Lenient => PathReading::Lenient,
                PathsWord::Strict => PathReading::Strict,
            },
            PathReading::default(),
            |paths| match paths {
                PathReading::Lenient => "lenient".to_owned(),
                PathReading::Strict => "strict".to_owned(),
            },
        ),
        rules: rules(picker, stack),
    }
}

/// On unless a layer switches them off.
fn rules(picker: &mut Picker<'_, '_>, stack: &Stack<'_, ShieldFile>) -> Option<ShieldRules> {
    let fields = match stack.switched("rules", |block| block.rules.as_ref()) {
        Switched::On(fields) => fields,
        Switched::Unsaid => Stack {
            prefix: format!("{}.rules", stack.prefix),
            layers: Vec::new(),
        },
        Switched::Off => {
            picker.off(stack, "rules", |block| block.rules.as_ref());
            return None;
        }
    };
    let fields = &fields;
    Some(ShieldRules {
        paranoia: number(picker, fields, "paranoia", 1, |rules: &RulesFile| {
            rules.paranoia.as_ref()
        }),
        threshold: number(picker, fields, "threshold", 5, |rules| {
            rules.threshold.as_ref()
        }),
        categories: picker.pick(
            fields,
            "categories",
            |rules| rules.categories.as_ref(),
            |words| words.iter().map(|word| category(word.value)).collect(),
            CATEGORIES.to_vec(),
            |categories| {
                let words: Vec<_> = categories.iter().map(|one| one.as_str()).collect();
                format!("[{}]", words.join(", "))
            },
        ),
        headers: headers(picker, fields),
        body: size(picker, fields, "body", 16 * KIB, |rules| {
            rules.body.as_ref()
        }),
        exclude: picker.pick(
            fields,
            "exclude",
            |rules| rules.exclude.as_ref(),
            |items| items.iter().map(|item| exclusion(&item.value)).collect(),
            Vec::new(),
            |exclude| show_exclusions(exclude),
        ),
    })
}

fn headers(picker: &mut Picker<'_, '_>, fields: &Stack<'_, RulesFile>) -> Vec<HeaderName> {
    let names = picker.pick(
        fields,
        "headers",
        |rules| rules.headers.as_ref(),
        texts,
        HEADERS.map(str::to_owned).to_vec(),
        |names| list(names),
    );
    // A name that cannot be one has been reported.
    let names = names.iter();
    names
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .collect()
}

fn networks(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, ShieldFile>,
    field: &str,
    get: impl Fn(&ShieldFile) -> Option<&At<Vec<At<String>>>>,
) -> Vec<IpNet> {
    let networks = picker.pick(stack, field, get, texts, Vec::new(), |texts| list(texts));
    networks
        .iter()
        .filter_map(|text| read_network(text))
        .collect()
}

fn methods(picker: &mut Picker<'_, '_>, stack: &Stack<'_, ShieldFile>) -> Vec<Method> {
    let methods = picker.pick(
        stack,
        "methods",
        |block| block.methods.as_ref(),
        texts,
        Vec::new(),
        |texts| list(texts),
    );
    let methods = methods.iter();
    methods
        .filter_map(|name| Method::from_bytes(name.as_bytes()).ok())
        .collect()
}

fn content_types(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, ShieldFile>,
) -> Vec<MediaTypePattern> {
    let types = picker.pick(
        stack,
        "content_types",
        |block| block.content_types.as_ref(),
        texts,
        Vec::new(),
        |texts| list(texts),
    );
    types
        .iter()
        .filter_map(|text| parse_media_type(text))
        .collect()
}

fn size<B>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    field: &str,
    default: u64,
    get: impl Fn(&B) -> Option<&At<Size>>,
) -> ByteSize {
    let default = ByteSize::from_bytes(default);
    picker.pick(
        stack,
        field,
        get,
        |size| size.0,
        default,
        ByteSize::to_string,
    )
}

/// What does not fit is out of bounds and has been reported.
fn number<B, N: TryFrom<u64> + ToString + Copy>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, B>,
    field: &str,
    default: N,
    get: impl Fn(&B) -> Option<&At<Count>>,
) -> N {
    let read = |count: &Count| N::try_from(count.0).unwrap_or(default);
    picker.pick(stack, field, get, read, default, N::to_string)
}

fn category(word: CategoryWord) -> AttackCategory {
    match word {
        CategoryWord::CommandInjection => AttackCategory::CommandInjection,
        CategoryWord::PathTraversal => AttackCategory::PathTraversal,
        CategoryWord::SqlInjection => AttackCategory::SqlInjection,
        CategoryWord::Xss => AttackCategory::Xss,
    }
}

fn exclusion(file: &ExclusionFile) -> RuleExclusion {
    let rule = file.rule.as_ref();
    RuleExclusion {
        rule: rule.and_then(|at| u16::try_from(at.value.0).ok()),
        target: file.target.as_ref().map(|at| at.value.clone()),
    }
}

fn show_exclusions(exclude: &[RuleExclusion]) -> String {
    let shown = exclude.iter().map(|one| {
        let rule = one.rule.map(|rule| format!("rule: {rule}"));
        let target = one
            .target
            .as_ref()
            .map(|target| format!("in: \"{target}\""));
        let fields: Vec<_> = rule.into_iter().chain(target).collect();
        format!("{{{}}}", fields.join(", "))
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(", "))
}
