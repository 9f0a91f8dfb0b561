//! `Surrogate-Key`, `Cache-Tag`, `Cache-Groups`: bounded, each once, and none lost within the bounds.

use engine::cache::{
    label::{Label, Origin},
    tags::{MAX_TAG, MAX_TAGS, OwnTags, Tags, obsolete_groups},
};
use http::Method;
use policy::{PathPattern, Scheme};

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "tags",
    words: &[
        "surrogate-key: ",
        "cache-tag: ",
        "cache-groups: ",
        "cache-group-invalidation: ",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "\"a\"",
        "\"a\", \"b\"",
        "(\"a\")",
        ", ",
        "\t",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let fields = Input::of(data).fields();
    let origin = Origin {
        scheme: Scheme::Https,
        host: "shop.test".to_owned(),
        port: 443,
    };
    let route = PathPattern {
        segments: Vec::new(),
    };
    let own = OwnTags {
        patterns: &[],
        route: &route,
        path: "/",
    };
    let tags = Tags::of(&fields, &origin, own);
    assert!(tags.labels.len() <= MAX_TAGS);
    let mut labels = tags.labels.clone();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), tags.labels.len(), "a label is there twice");
    let mut named = fields.get_all("surrogate-key").iter().flat_map(|line| {
        let words = line.as_bytes().split(|byte| matches!(byte, b' ' | b'\t'));
        words.filter(|word| (1..=MAX_TAG).contains(&word.len()))
    });
    let held = |tag: &[u8]| tags.labels.contains(&Label::tag(tag));
    assert!(tags.ignored > 0 || named.all(held), "a tag was lost");
    assert!(obsolete_groups(&Method::GET, &origin, &fields).is_empty());
    assert!(obsolete_groups(&Method::POST, &origin, &fields).len() <= MAX_TAGS);
}
