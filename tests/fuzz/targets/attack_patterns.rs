//! The shield's rules: no input stops them, and what they say can be shown to anybody.

use engine::shield::patterns::{Inspector, LONGEST_EXCERPT, MOST_MATCHES, RULES, Score};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::{AttackCategory, ByteSize, ShieldRules};

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "attack_patterns",
    words: &[
        "' or 1=1--",
        " union select ",
        "/**/",
        "<script>",
        "<img src=x onerror=",
        "javascript:",
        "alert(1)",
        "../",
        "/etc/passwd",
        "%2e%2e%2f",
        "%252f",
        "%u0027",
        "&#x27;",
        "\\u0027",
        "; id",
        "$(id)",
        "`id`",
        "${jndi:ldap://",
        "${lower:j}",
        "{{",
        "\"",
        "'",
        "<",
        "&",
        "=",
    ],
    run,
};

const CONTENT_TYPES: [Option<&str>; 5] = [
    None,
    Some("application/json"),
    Some("application/x-www-form-urlencoded"),
    Some("multipart/form-data; boundary=b"),
    Some("text/plain"),
];

fn rules(paranoia: u8, categories: &[AttackCategory]) -> ShieldRules {
    ShieldRules {
        paranoia,
        threshold: 5,
        categories: categories.to_vec(),
        headers: vec![HeaderName::from_static("user-agent")],
        body: ByteSize::from_bytes(16 * 1024),
        exclude: Vec::new(),
    }
}

fn run(data: &[u8]) {
    let text = Input::of(data).text();
    for paranoia in 1..=4 {
        let inspector = Inspector::new(&rules(paranoia, &AttackCategory::ALL));
        let score = head(&inspector, &text);
        holds(&score);
        for content_type in CONTENT_TYPES {
            let mut score = score.clone();
            let before = score.points();
            inspector.body(content_type, data, &mut score);
            assert!(score.points() >= before);
            holds(&score);
        }
        for category in AttackCategory::ALL {
            let only = Inspector::new(&rules(paranoia, &[category]));
            let score = head(&only, &text);
            assert!(score.matches().iter().all(|it| it.category == category));
        }
    }
    encoded_alike(&text);
}

fn head(inspector: &Inspector, text: &str) -> Score {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert("user-agent", value);
    }
    inspector.head(text, Some(text), &headers)
}

fn holds(score: &Score) {
    let told: u32 = score.matches().iter().map(|it| it.points).sum();
    assert!(score.points() >= told);
    assert!(score.matches().len() <= MOST_MATCHES);
    assert_eq!(score.points() == 0, score.matches().is_empty());
    for found in score.matches() {
        let rule = RULES.iter().find(|rule| rule.number == found.rule).unwrap();
        assert_eq!(rule.category(), found.category);
        assert!(found.excerpt.len() <= LONGEST_EXCERPT);
        assert!(found.excerpt.bytes().all(|it| (0x20..0x7f).contains(&it)));
    }
}

/// A value scores what it scores with every byte percent-encoded.
fn encoded_alike(text: &str) {
    let inspector = Inspector::new(&rules(1, &AttackCategory::ALL));
    let plain = |byte: u8| byte.is_ascii() && !matches!(byte, b'%' | b'+' | b'&');
    if !text.bytes().all(plain) {
        return;
    }
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let points = |value: &str| {
        let score = inspector.head("/", Some(&format!("q={value}")), &HeaderMap::new());
        score.points() >= inspector.threshold()
    };
    assert_eq!(points(text), points(&encoded));
}
