//! Texts that are meant to hurt: each is refused with one clear diagnostic, soon.

use policy::{Code, Diagnostics, Source, parse};
use proptest::prelude::*;

fn refused(bytes: &[u8]) -> Diagnostics {
    let name = "f.yaml";
    match parse(Source { name, bytes }, &|_| None) {
        Ok(_) => panic!("accepted"),
        Err(diagnostics) => diagnostics,
    }
}

fn first_code(bytes: &[u8]) -> Code {
    refused(bytes).list()[0].code
}

#[test]
fn a_huge_file_is_refused_unread() {
    assert_eq!(first_code(&vec![b'a'; 50 << 20]), Code::TooLarge);
    assert_eq!(first_code(&vec![0xff; (1 << 20) + 1]), Code::TooLarge);
}

#[test]
fn a_file_just_small_enough_is_read() {
    let mut text = b"version: 1\n".to_vec();
    text.resize(1 << 20, b'#');
    text[11..].fill(b' ');
    assert_eq!(first_code(&text), Code::Missing);
}

#[test]
fn deep_nesting_is_refused_in_either_style() {
    assert_eq!(
        first_code(format!("a: {}", "[".repeat(2_000)).as_bytes()),
        Code::OverBudget
    );
    assert_eq!(first_code("- ".repeat(2_000).as_bytes()), Code::OverBudget);
    assert_eq!(
        first_code("{a: ".repeat(2_000).as_bytes()),
        Code::OverBudget
    );
    let steps = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth)));
    let steps: String = steps.collect();
    assert!(steps.len() > 1 << 20 || first_code(steps.as_bytes()) == Code::OverBudget);
}

#[test]
fn depth_counts_through_aliases() {
    let level = |name: &str, inner: &str| {
        format!(
            "x-{name}: &{name} {}{inner}{}\n",
            "[".repeat(40),
            "]".repeat(40)
        )
    };
    let text = level("a", "") + &level("b", "*a") + &level("c", "*b");
    assert_eq!(first_code(text.as_bytes()), Code::OverBudget);
}

#[test]
fn wide_files_are_refused() {
    let many = format!("x: [{}]", "1,".repeat(400_000));
    assert_eq!(first_code(many.as_bytes()), Code::OverBudget);
}

#[test]
fn many_routes_may_share_one_anchor() {
    let mut text = "version: 1\nlisteners: [{address: '0.0.0.0:80'}]\n\
        upstreams: {app: {endpoints: ['http://a']}}\nx-c: &c {ttl: 5s}\nroutes:\n"
        .to_owned();
    for index in 0..500 {
        text +=
            &format!("- {{name: r{index}, upstream: app, match: {{path: /{index}}}, cache: *c}}\n");
    }
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let checked = parse(source, &|_| None).unwrap();
    assert_eq!(checked.policies.routes.len(), 500);
}

#[test]
fn thousands_of_routes_are_read() {
    let mut text = "version: 1\nlisteners: [{address: '0.0.0.0:80'}]\n\
        upstreams: {app: {endpoints: ['http://a']}}\nroutes:\n"
        .to_owned();
    for index in 0..4_000 {
        text += &format!(
            "- {{name: r{index}, upstream: app, match: {{path: '/{{id}}/{index}'}}, cache: {{}}}}\n"
        );
    }
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    assert_eq!(
        parse(source, &|_| None).unwrap().policies.routes.len(),
        4_000
    );
}

#[test]
fn mistakes_are_cut_off_somewhere() {
    let fields: String = (0..1_000)
        .map(|index| format!("field{index}: 1\n"))
        .collect();
    let diagnostics = refused(fields.as_bytes());
    assert!(diagnostics.len() < 80);
    assert!(
        diagnostics
            .list()
            .iter()
            .any(|one| one.code == Code::TooManyMistakes)
    );
}

#[test]
fn a_byte_order_mark_and_other_line_ends_are_fine() {
    let text = "\u{feff}version: 1\r\nlisteners: [{address: '0.0.0.0:80'}]\r\n\
        upstreams: {app: {endpoints: ['http://a']}}\r\nroutes: [{name: a, upstream: app}]\r\n";
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    parse(source, &|_| None).unwrap();
}

const EXAMPLES: [&str; 3] = [
    include_str!("../../../config/minimal.yaml"),
    include_str!("../../../config/legacy-json-api.yaml"),
    include_str!("../../../config/full-reference.yaml"),
];

/// Reads it and shows whatever comes of it.
fn survives(bytes: &[u8]) {
    let source = Source {
        name: "f.yaml",
        bytes,
    };
    if let Err(diagnostics) = parse(source, &|name| {
        (name.len() % 2 == 0).then(|| "x".to_owned())
    }) {
        assert!(!diagnostics.is_empty());
        diagnostics.render(true);
        diagnostics.render(false);
        diagnostics.to_json();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn yaml_like_text_is_survived(text in "[-:a-c{}\\[\\],&*!|>'\"#%@$ \n\t0-9?~.]{0,200}") {
        survives(text.as_bytes());
    }

    #[test]
    fn mutated_examples_are_survived(
        example in 0_usize..3,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..8, "[-:{}\\[\\]&*!|'\"#$ \na-z0-9é]{0,6}"), 1..6),
    ) {
        let mut text = EXAMPLES[example].to_owned();
        for (at, length, new) in edits {
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let from = at.index(starts.len());
            let to = (from + length).min(starts.len() - 1);
            text.replace_range(starts[from]..starts[to], &new);
        }
        survives(text.as_bytes());
    }
}
