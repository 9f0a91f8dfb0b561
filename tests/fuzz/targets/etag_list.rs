//! Lists of entity tags: read to their end, and no tag that is not there.

use engine::cache::etag::{EntityTag, Member, Members};
use http::HeaderValue;

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "etag_list",
    words: &[
        "\"a\"", "W/\"a\"", "w/", "W/", "\"", "\"\"", "*", ", ", ",,", "\t",
    ],
    run,
};

fn run(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    let members: Vec<_> = Members::of(data).collect();
    let commas = data.iter().filter(|byte| **byte == b',').count();
    assert!(
        members.len() <= commas + 1,
        "members without a comma between"
    );
    for member in &members {
        if let Member::Tag(tag) = member {
            assert!(!tag.opaque.contains(&b'"'));
            let text = [
                if tag.weak { &b"W/\""[..] } else { b"\"" },
                tag.opaque,
                b"\"",
            ]
            .concat();
            assert!(data.windows(text.len()).any(|it| it == text));
            assert_eq!(EntityTag::parse(&text), Some(*tag));
            assert_eq!(Members::of(&text).collect::<Vec<_>>(), [*member]);
        }
    }
    if let Some(tag) = EntityTag::of(&value) {
        assert_eq!(members, [Member::Tag(tag)]);
        assert!(tag.weakly_equals(tag));
    }
}
