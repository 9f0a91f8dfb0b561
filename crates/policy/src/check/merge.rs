//! What a route's policies come to: named policies from left to right, then the route itself.
//!
//! Field by field, the last layer that says something wins. Each effective setting is noted with its
//! origin, so that `forebay explain` can point at the line that decided it.

use http::HeaderName;

use crate::{
    ByteSize, CacheKey, CachePolicy, Coding, CompressionPolicy, DeduplicationPolicy, Lifetimes,
    LimitKey, LimitPolicy, Mode, QueryKey, RequestCookies, Setting, SettingOrigin, Times,
    diagnostic::Code,
    file::{
        At, CacheFile, CompressionFile, DeduplicationFile, EncodingWord, LimitFile, LimitKeyFile,
        ModeWord, RequestCookiesWord,
    },
    spelling::show_duration,
    tree::NodeId,
};

use super::{blocks::parse_media_type, findings::Findings};

/// Media types that shrink and are common.
const TYPES: [&str; 12] = [
    "text/*",
    "application/json",
    "application/*+json",
    "application/javascript",
    "application/x-javascript",
    "application/xml",
    "application/*+xml",
    "application/x-ndjson",
    "application/graphql-response+json",
    "application/wasm",
    "image/svg+xml",
    "font/ttf",
];

/// One source of settings: a named policy, or the route itself when it has no name.
pub(super) struct Layer<'f> {
    pub(super) policy: Option<&'f str>,
    pub(super) cache: Option<&'f At<CacheFile>>,
    pub(super) compression: Option<&'f At<CompressionFile>>,
    pub(super) deduplication: Option<&'f At<DeduplicationFile>>,
    pub(super) rate_limit: Option<&'f At<Vec<At<LimitFile>>>>,
}

/// The policies of one route.
pub(super) struct Merged {
    pub(super) cache: Option<CachePolicy>,
    pub(super) compression: Option<CompressionPolicy>,
    pub(super) deduplication: Option<DeduplicationPolicy>,
    pub(super) rate_limits: Vec<LimitPolicy>,
    pub(super) settings: Vec<Setting>,
}

/// One block as each layer that has it says it, first to last.
struct Stack<'f, B> {
    prefix: String,
    layers: Vec<(Option<&'f str>, &'f B)>,
}

/// Notes settings while they are picked.
struct Picker<'a, 't> {
    findings: &'a Findings<'t>,
    settings: Vec<Setting>,
}

pub(super) fn merge(findings: &mut Findings<'_>, layers: &[Layer<'_>]) -> Merged {
    let mut picker = Picker {
        findings,
        settings: Vec::new(),
    };
    let cache = stack("cache", layers, |layer| layer.cache);
    let cache = cache.map(|stack| merge_cache(&mut picker, &stack));
    let compression = stack("compression", layers, |layer| layer.compression);
    let compression = compression.map(|stack| merge_compression(&mut picker, &stack));
    let deduplication = stack("deduplication", layers, |layer| layer.deduplication);
    let deduplication = deduplication.map(|stack| DeduplicationPolicy {
        mode: picker.mode(&stack, |block| block.mode.as_ref()),
    });
    let (rate_limits, rateless) = merge_limits(&mut picker, layers);
    let settings = picker.settings;
    for (node, name) in rateless {
        // Reported where the limit first stands, in place of the field that is not there.
        if !findings.was_pruned_at(node, "rate") {
            let message = format!("the rate limit `{name}` has no rate");
            let help = "add `rate: 100/s`, or the name of a limit that has one";
            findings.error(node, Code::Missing, message, help);
        }
    }
    Merged {
        cache,
        compression,
        deduplication,
        rate_limits,
        settings,
    }
}

fn stack<'f, B>(
    prefix: &str,
    layers: &[Layer<'f>],
    get: impl Fn(&Layer<'f>) -> Option<&'f At<B>>,
) -> Option<Stack<'f, B>> {
    let layers: Vec<_> = layers
        .iter()
        .filter_map(|layer| get(layer).map(|block| (layer.policy, &block.value)))
        .collect();
    (!layers.is_empty()).then(|| Stack {
        prefix: prefix.to_owned(),
        layers,
    })
}

fn merge_cache(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CacheFile>) -> CachePolicy {
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let ttl = picker.pick(
        stack,
        "ttl",
        |block| block.ttl.as_ref(),
        |time| Some(time.0),
        None,
        |ttl| ttl.map_or_else(|| "none".to_owned(), show_duration),
    );
    let ignore = picker.pick(
        stack,
        "key.query.ignore",
        |block| {
            let query = block.key.as_ref().and_then(|key| key.value.query.as_ref());
            query.and_then(|query| query.value.ignore.as_ref())
        },
        texts,
        Vec::new(),
        |ignore| list(ignore),
    );
    let request_cookies = picker.pick(
        stack,
        "request_cookies",
        |block| block.request_cookies.as_ref(),
        |word| match word {
            RequestCookiesWord::Bypass => RequestCookies::Bypass,
            RequestCookiesWord::Ignore => RequestCookies::Ignore,
        },
        RequestCookies::Bypass,
        |cookies| match cookies {
            RequestCookies::Bypass => "bypass".to_owned(),
            RequestCookies::Ignore => "ignore".to_owned(),
        },
    );
    let max_object = picker.pick(
        stack,
        "max_object",
        |block| block.max_object.as_ref(),
        |size| size.0,
        ByteSize::from_bytes(8 << 20),
        ByteSize::to_string,
    );
    CachePolicy {
        mode,
        lifetimes: Lifetimes {
            times: Times {
                ttl,
                ..Times::default()
            },
            ..Lifetimes::default()
        },
        key: CacheKey {
            query: QueryKey {
                ignore,
                ..QueryKey::default()
            },
            ..CacheKey::default()
        },
        request_cookies,
        max_object,
        ..CachePolicy::default()
    }
}

fn merge_compression(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
) -> CompressionPolicy {
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let encodings = picker.pick(
        stack,
        "encodings",
        |block| block.encodings.as_ref(),
        |words| words.iter().map(|word| coding(word.value)).collect(),
        Coding::ALL.to_vec(),
        |codings| {
            let words: Vec<_> = codings.iter().map(|coding| coding.as_str()).collect();
            format!("[{}]", words.join(", "))
        },
    );
    let min_size = picker.pick(
        stack,
        "min_size",
        |block| block.min_size.as_ref(),
        |size| size.0,
        ByteSize::from_bytes(1 << 10),
        ByteSize::to_string,
    );
    let types = picker.pick(
        stack,
        "types",
        |block| block.types.as_ref(),
        texts,
        TYPES.map(str::to_owned).to_vec(),
        |types| list(types),
    );
    CompressionPolicy {
        mode,
        encodings,
        min_size,
        types: types
            .iter()
            .filter_map(|text| parse_media_type(text))
            .collect(),
    }
}

/// Every limit of every layer, merged by name in the order of first mention; and the ones that
/// nobody gave a rate.
fn merge_limits(
    picker: &mut Picker<'_, '_>,
    layers: &[Layer<'_>],
) -> (Vec<LimitPolicy>, Vec<(NodeId, String)>) {
    let mut stacks: Vec<(&At<String>, Stack<'_, LimitFile>)> = Vec::new();
    for layer in layers {
        for limit in layer.rate_limit.map_or(&[][..], |at| &at.value) {
            let Some(name) = &limit.value.name else {
                continue;
            };
            let said = (layer.policy, &limit.value);
            match stacks
                .iter_mut()
                .find(|(other, _)| other.value == name.value)
            {
                Some((_, stack)) => stack.layers.push(said),
                None => {
                    let shown = picker.findings.show(name);
                    let prefix = format!("rate_limit.{shown}");
                    let layers = vec![said];
                    stacks.push((name, Stack { prefix, layers }));
                }
            }
        }
    }
    let mut limits = Vec::new();
    let mut rateless = Vec::new();
    for (name, stack) in &stacks {
        match merge_limit(picker, name, stack) {
            Some(limit) => limits.push(limit),
            None => rateless.push((name.node, picker.findings.show(name).to_owned())),
        }
    }
    (limits, rateless)
}

fn merge_limit(
    picker: &mut Picker<'_, '_>,
    name: &At<String>,
    stack: &Stack<'_, LimitFile>,
) -> Option<LimitPolicy> {
    stack
        .layers
        .iter()
        .find(|(_, limit)| limit.rate.is_some())?;
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let rate = picker.pick(
        stack,
        "rate",
        |block| block.rate.as_ref(),
        |pace| Some(pace.0),
        None,
        |rate| rate.map_or_else(String::new, |rate| rate.to_string()),
    )?;
    let burst = picker.pick(
        stack,
        "burst",
        |block| block.burst.as_ref(),
        |count| u32::try_from(count.0).unwrap_or(u32::MAX),
        rate.events(),
        u32::to_string,
    );
    let key = picker.pick(
        stack,
        "key",
        |block| block.key.as_ref(),
        limit_key,
        LimitKey::ClientIp,
        |key| match key {
            LimitKey::ClientIp => "client_ip".to_owned(),
            LimitKey::Header(name) => format!("{{header: {name}}}"),
        },
    );
    Some(LimitPolicy {
        name: name.value.clone(),
        mode,
        rate,
        burst,
        key,
    })
}

/// A name that is not a header has been reported already; the address stands in for it.
fn limit_key(key: &LimitKeyFile) -> LimitKey {
    match key {
        LimitKeyFile::ClientIp => LimitKey::ClientIp,
        LimitKeyFile::Header(name) => HeaderName::from_bytes(name.value.as_bytes())
            .map_or(LimitKey::ClientIp, LimitKey::Header),
    }
}

fn coding(word: EncodingWord) -> Coding {
    match word {
        EncodingWord::Br => Coding::Br,
        EncodingWord::Gzip => Coding::Gzip,
        EncodingWord::Zstd => Coding::Zstd,
    }
}

#[expect(
    clippy::ptr_arg,
    reason = "it stands where a function from the field's own type is asked"
)]
fn texts(items: &Vec<At<String>>) -> Vec<String> {
    items.iter().map(|item| item.value.clone()).collect()
}

fn list(items: &[String]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

// === impl Picker ===

impl Picker<'_, '_> {
    /// The last layer's word on one field, noted as a setting.
    fn pick<B, F, T>(
        &mut self,
        stack: &Stack<'_, B>,
        field: &str,
        get: impl Fn(&B) -> Option<&At<F>>,
        read: impl Fn(&F) -> T,
        default: T,
        show: impl Fn(&T) -> String,
    ) -> T {
        let mut layers = stack.layers.iter().rev();
        let said = layers.find_map(|(policy, block)| get(block).map(|at| (*policy, at)));
        let (value, shown, origin) = match said {
            None => {
                let shown = show(&default);
                (default, shown, SettingOrigin::Default)
            }
            Some((policy, at)) => {
                let line = self.findings.line(at.node);
                let value = read(&at.value);
                let shown = self.findings.written_below(at.node);
                let origin = match policy {
                    None => SettingOrigin::Route { line },
                    Some(name) => SettingOrigin::Policy {
                        name: name.to_owned(),
                        line,
                    },
                };
                let shown = shown.map_or_else(|| show(&value), str::to_owned);
                (value, shown, origin)
            }
        };
        self.settings.push(Setting {
            path: format!("{}.{field}", stack.prefix),
            value: shown,
            origin,
        });
        value
    }

    fn mode<B>(&mut self, stack: &Stack<'_, B>, get: impl Fn(&B) -> Option<&At<ModeWord>>) -> Mode {
        self.pick(
            stack,
            "mode",
            get,
            |word| match word {
                ModeWord::Enforce => Mode::Enforce,
                ModeWord::Off => Mode::Off,
                ModeWord::Shadow => Mode::Shadow,
            },
            Mode::Enforce,
            |mode| mode.as_str().to_owned(),
        )
    }
}
