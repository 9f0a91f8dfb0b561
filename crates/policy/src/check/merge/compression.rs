//! What a route's compression comes to.

use std::path::PathBuf;

use crate::{
    BreachGuard, ByteSize, Coding, CompressionLevel, CompressionPolicy, Dictionary,
    RequestDecoding, UpstreamCodings,
    check::{blocks::parse_media_type, known::Known},
    file::{
        BreachGuardWord, CompressionFile, DictionaryFile, EncodingWord, LevelWord,
        UpstreamCodingsWord,
    },
};

use super::picker::{Picker, Stack, Switched, list, texts};

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

/// Types whose receivers wait for each piece: server-sent events and lines of JSON.
const FLUSHED: [&str; 2] = ["text/event-stream", "application/x-ndjson"];

/// A request body that is decompressed, unless the file says otherwise.
const LARGEST_REQUEST: ByteSize = ByteSize::from_bytes(10 << 20);

pub(super) fn merge_compression(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
    known: &Known<'_>,
) -> CompressionPolicy {
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let encodings = picker.pick(
        stack,
        "encodings",
        |block| block.encodings.as_ref(),
        |words| words.iter().map(|word| coding(word.value)).collect(),
        Coding::DEFAULT.to_vec(),
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
    let flush = picker.pick(
        stack,
        "flush",
        |block| block.flush.as_ref(),
        texts,
        FLUSHED.map(str::to_owned).to_vec(),
        |types| list(types),
    );
    let patterns = |texts: Vec<String>| {
        let patterns = texts.iter().filter_map(|text| parse_media_type(text));
        patterns.collect()
    };
    CompressionPolicy {
        mode,
        encodings,
        min_size,
        types: patterns(types),
        level: level(picker, stack),
        flush: patterns(flush),
        upstream_codings: upstream_codings(picker, stack),
        breach_guard: breach_guard(picker, stack),
        requests: requests(picker, stack, known),
        dictionary: dictionary(picker, stack),
    }
}

fn coding(word: EncodingWord) -> Coding {
    match word {
        EncodingWord::Br => Coding::Br,
        EncodingWord::Deflate => Coding::Deflate,
        EncodingWord::Gzip => Coding::Gzip,
        EncodingWord::Zstd => Coding::Zstd,
    }
}

fn level(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CompressionFile>) -> CompressionLevel {
    picker.pick(
        stack,
        "level",
        |block| block.level.as_ref(),
        |word| match word {
            LevelWord::Adaptive => CompressionLevel::Adaptive,
            LevelWord::Best => CompressionLevel::Best,
            LevelWord::Fastest => CompressionLevel::Fastest,
        },
        CompressionLevel::default(),
        |level| match level {
            CompressionLevel::Adaptive => "adaptive".to_owned(),
            CompressionLevel::Best => "best".to_owned(),
            CompressionLevel::Fastest => "fastest".to_owned(),
        },
    )
}

fn upstream_codings(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
) -> UpstreamCodings {
    picker.pick(
        stack,
        "upstream_codings",
        |block| block.upstream_codings.as_ref(),
        |word| match word {
            UpstreamCodingsWord::Keep => UpstreamCodings::Keep,
            UpstreamCodingsWord::Recode => UpstreamCodings::Recode,
        },
        UpstreamCodings::default(),
        |codings| match codings {
            UpstreamCodings::Keep => "keep".to_owned(),
            UpstreamCodings::Recode => "recode".to_owned(),
        },
    )
}

fn breach_guard(picker: &mut Picker<'_, '_>, stack: &Stack<'_, CompressionFile>) -> BreachGuard {
    picker.pick(
        stack,
        "breach_guard",
        |block| block.breach_guard.as_ref(),
        |word| match word {
            BreachGuardWord::Off => BreachGuard::Off,
            BreachGuardWord::Pad => BreachGuard::Pad,
            BreachGuardWord::Skip => BreachGuard::Skip,
        },
        BreachGuard::default(),
        |guard| match guard {
            BreachGuard::Off => "off".to_owned(),
            BreachGuard::Pad => "pad".to_owned(),
            BreachGuard::Skip => "skip".to_owned(),
        },
    )
}

fn requests(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
    known: &Known<'_>,
) -> Option<RequestDecoding> {
    let Switched::On(fields) = stack.switched("requests", |block| block.requests.as_ref()) else {
        picker.off(stack, "requests", |block| block.requests.as_ref());
        return None;
    };
    Some(RequestDecoding {
        max_size: picker.pick(
            &fields,
            "max_size",
            |requests| requests.max_size.as_ref(),
            |size| size.0,
            LARGEST_REQUEST.min(known.clients().max_body),
            ByteSize::to_string,
        ),
        max_ratio: picker.pick(
            &fields,
            "max_ratio",
            |requests| requests.max_ratio.as_ref(),
            |count| u32::try_from(count.0).unwrap_or(u32::MAX),
            100,
            u32::to_string,
        ),
    })
}

/// One that says too little has been reported.
fn dictionary(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
) -> Option<Dictionary> {
    picker.pick(
        stack,
        "dictionary",
        |block| block.dictionary.as_ref(),
        |said| said.on().and_then(read_dictionary),
        None,
        |dictionary| match dictionary {
            None => "off".to_owned(),
            Some(one) => format!(
                "{{file: \"{}\", path: \"{}\", match: \"{}\"}}",
                one.file.display(),
                one.path,
                one.matches
            ),
        },
    )
}

fn read_dictionary(file: &DictionaryFile) -> Option<Dictionary> {
    Some(Dictionary {
        file: PathBuf::from(&file.file.as_ref()?.value),
        path: file.path.as_ref()?.value.clone(),
        matches: file.matches.as_ref()?.value.clone(),
    })
}
