//! What a route's compression comes to.

use crate::{
    ByteSize, Coding, CompressionPolicy,
    check::blocks::parse_media_type,
    file::{CompressionFile, EncodingWord},
};

use super::picker::{Picker, Stack, list, texts};

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

pub(super) fn merge_compression(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CompressionFile>,
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
    CompressionPolicy {
        mode,
        encodings,
        min_size,
        types: types
            .iter()
            .filter_map(|text| parse_media_type(text))
            .collect(),
        ..CompressionPolicy::default()
    }
}

fn coding(word: EncodingWord) -> Coding {
    match word {
        EncodingWord::Br => Coding::Br,
        EncodingWord::Gzip => Coding::Gzip,
        EncodingWord::Zstd => Coding::Zstd,
    }
}
