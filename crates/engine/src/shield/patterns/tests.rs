use std::{collections::BTreeMap, sync::LazyLock};

use http::HeaderValue;
use policy::{AttackCategory, ByteSize, RuleExclusion, ShieldRules};
use proptest::prelude::*;

use super::{
    corpus::{self, Batch, Sample},
    *,
};

fn rules(paranoia: u8) -> ShieldRules {
    ShieldRules {
        paranoia,
        threshold: 5,
        categories: AttackCategory::ALL.to_vec(),
        headers: vec![
            HeaderName::from_static("user-agent"),
            HeaderName::from_static("referer"),
        ],
        body: ByteSize::from_bytes(16 * 1024),
        exclude: Vec::new(),
    }
}

/// How many of some samples were refused.
#[derive(Default)]
struct Tally {
    refused: usize,
    all: usize,
}

impl Tally {
    fn of<'s>(inspector: &Inspector, samples: impl Iterator<Item = &'s Sample>) -> Self {
        samples.fold(Self::default(), |tally, sample| Self {
            refused: tally.refused + usize::from(is_refused(inspector, sample)),
            all: tally.all + 1,
        })
    }

    fn percent(&self) -> f64 {
        100.0 * self.refused as f64 / self.all.max(1) as f64
    }
}

fn is_refused(inspector: &Inspector, sample: &Sample) -> bool {
    inspector.verdict(&sample.request.score(inspector)) == Verdict::Attack
}

#[test]
fn the_corpus_is_judged_well() {
    let attacks: Vec<_> = AttackCategory::ALL
        .map(|category| (category.as_str(), corpus::attacks(category)))
        .into();
    let benign = corpus::benign();
    for (kind, samples) in &attacks {
        let unseen = samples.iter().filter(|it| it.batch == Batch::Second);
        assert!(unseen.count() >= 500, "{kind}");
    }
    assert!(benign.len() >= 15_000, "{} benign", benign.len());
    let all: Vec<_> = attacks.iter().flat_map(|it| &it.1).cloned().collect();

    tell_settled(&benign);
    let mut bad = Vec::new();
    println!(
        "{:22}{:40}{:40}third batch",
        "", "first batch", "second batch"
    );
    print!("{:21}", "");
    for half in ["tuned on", "held out"].repeat(3) {
        print!("{half:>19} ");
    }
    println!("{:>19}", "together");
    for paranoia in 1..=4 {
        let inspector = Inspector::new(&rules(paranoia));
        println!("paranoia {paranoia}");
        let found = attacks.iter().map(|(kind, samples)| (*kind, samples));
        for (kind, samples) in found.chain([("all attacks", &all)]) {
            let [unseen, together] = tell(kind, "found", &inspector, samples);
            if paranoia == 1 && (unseen.percent() < 94.0 || together.percent() < 95.0) {
                bad.push(format!("too few of {kind} are found"));
            }
        }
        let wrong = tell("benign", "refused", &inspector, &benign);
        if paranoia == 1 && wrong.iter().any(|it| it.percent() > 0.1) {
            bad.push("too much is refused that is no attack".to_owned());
        }
    }
    assert!(bad.is_empty(), "{}", bad.join(", "));
}

/// Prints how much of the benign texts the first look settles.
fn tell_settled(benign: &[Sample]) {
    let settled = benign.iter().filter(|it| match &it.request {
        corpus::Request::Form(text) | corpus::Request::Query(text) => quiet::value(text.as_bytes()),
        corpus::Request::Header(text) => quiet::header(text.as_bytes()),
        corpus::Request::Json(text) => {
            let text = &text.as_bytes()[1..text.len() - 1];
            quiet::body_text(text, Bits::of(text))
        }
        corpus::Request::Path(text) => quiet::path(text.as_bytes()),
    });
    let tally = Tally {
        refused: settled.count(),
        all: benign.len(),
    };
    println!("settled by the first look: {} of benign", told(&tally));
}

/// Prints how many samples are refused; gives all that was held out of the batches that were written
/// without the rules, and all there is.
fn tell(kind: &str, what: &str, inspector: &Inspector, samples: &[Sample]) -> [Tally; 2] {
    print!("  {kind:19}");
    let mut unseen = Tally::default();
    for batch in [Batch::First, Batch::Second, Batch::Third] {
        for held_out in [false, true] {
            let half = samples.iter();
            let half = half.filter(|it| it.batch == batch && it.held_out == held_out);
            let tally = Tally::of(inspector, half);
            print!(" {}", told(&tally));
            if held_out && batch != Batch::First {
                unseen.refused += tally.refused;
                unseen.all += tally.all;
            }
        }
    }
    let together = Tally::of(inspector, samples.iter());
    println!(" {} {what}", told(&together));
    [unseen, together]
}

fn told(tally: &Tally) -> String {
    format!(
        "{:5}/{:5} {:6.2}%",
        tally.refused,
        tally.all,
        tally.percent()
    )
}

/// What a body of a type scores.
fn body(inspector: &Inspector, content_type: Option<&str>, body: &str) -> Score {
    let mut score = Score::default();
    inspector.body(content_type, body.as_bytes(), &mut score);
    score
}

fn query(inspector: &Inspector, query: &str) -> Score {
    inspector.head("/", Some(query), &HeaderMap::new())
}

fn rules_of(score: &Score) -> Vec<u16> {
    score.matches().iter().map(|it| it.rule).collect()
}

#[test]
fn matches_say_where_and_what() {
    let inspector = Inspector::new(&rules(1));
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("() { :;}; id"));
    headers.insert("x-other", HeaderValue::from_static("() { :;}; id"));
    let score = inspector.head(
        "/a/..%2f..%2fetc/passwd",
        Some("a=1&q=%3Csvg%20onload%3Dalert(1)%3E&b=2"),
        &headers,
    );
    let told: Vec<_> = score
        .matches()
        .iter()
        .map(|it| (it.rule, it.target.to_string()))
        .collect();
    assert!(told.contains(&(2002, "query q".to_owned())), "{told:?}");
    assert!(told.contains(&(3001, "path".to_owned())), "{told:?}");
    assert!(
        told.contains(&(4003, "header user-agent".to_owned())),
        "{told:?}"
    );
    assert!(!told.iter().any(|(_, target)| target.contains("x-other")));
    let points: u32 = score.matches().iter().map(|it| it.points).sum();
    assert_eq!(score.points(), points);
    assert_eq!(inspector.verdict(&score), Verdict::Attack);
}

#[test]
fn bodies_are_read_by_their_type() {
    let inspector = Inspector::new(&rules(1));
    let attack = "1' or 1=1--";
    let json = format!(r#"{{"a": [{{"b": "x"}}, {{"name": "{attack}"}}], "z": 1}}"#);
    let multipart = format!(
        "--B\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n{attack}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\n' or 2=2--\r\n--B--"
    );
    let form = "a=1&user=1%27+or+1%3D1--";
    for (content_type, text, target) in [
        (Some("application/json"), json.as_str(), Some("body name")),
        (
            Some("application/vnd.api+json; charset=utf-8"),
            &json,
            Some("body name"),
        ),
        (None, &json, Some("body name")),
        (
            Some("application/x-www-form-urlencoded"),
            form,
            Some("body user"),
        ),
        (None, form, Some("body user")),
        (Some("text/plain"), attack, Some("body")),
        (Some("application/json"), attack, Some("body")),
        (
            Some("multipart/form-data; boundary=B"),
            &multipart,
            Some("body c"),
        ),
        (
            Some("multipart/form-data; boundary=\"B\""),
            &multipart,
            Some("body c"),
        ),
        (Some("application/octet-stream"), attack, None),
        (Some("image/png"), attack, None),
    ] {
        let score = body(&inspector, content_type, text);
        let targets: Vec<_> = score
            .matches()
            .iter()
            .map(|it| it.target.to_string())
            .collect();
        assert_eq!(
            targets.first().map(String::as_str),
            target,
            "{content_type:?} {text}"
        );
        assert!(targets.len() <= 1, "{targets:?}");
    }
}

#[test]
fn names_of_fields_are_looked_at() {
    let inspector = Inspector::new(&rules(2));
    for text in [
        r#"{"user": {"$ne": null}}"#,
        r#"{"<script>alert(1)</script>": 1}"#,
    ] {
        assert!(
            !rules_of(&body(&inspector, Some("application/json"), text)).is_empty(),
            "{text}"
        );
    }
    assert_eq!(rules_of(&query(&inspector, "user[$ne]=x")), [1104]);
    assert_eq!(rules_of(&query(&inspector, "user%5B%24gt%5D=")), [1104]);
    assert_eq!(
        rules_of(&query(&inspector, "<script>alert(1)</script>")),
        [2001, 2101]
    );
}

#[test]
fn a_body_is_looked_at_so_far() {
    let mut policy = rules(1);
    policy.body = ByteSize::from_bytes(20);
    let inspector = Inspector::new(&policy);
    assert_eq!(inspector.body_limit(Some("application/json")), 20);
    assert_eq!(inspector.body_limit(Some("application/grpc")), 0);
    assert_ne!(
        body(&inspector, Some("text/plain"), "1' or 1=1--").points(),
        0
    );
    let late = format!("{}1' or 1=1--", " ".repeat(20));
    assert_eq!(body(&inspector, Some("text/plain"), &late).points(), 0);
    policy.body = ByteSize::from_bytes(0);
    let inspector = Inspector::new(&policy);
    assert_eq!(
        body(&inspector, Some("text/plain"), "1' or 1=1--").points(),
        0
    );
}

#[test]
fn rules_are_excluded_where_it_is_said() {
    let sql = "q=1%27+or+1%3D1--";
    let exclusion = |rule: Option<u16>, target: Option<&str>| RuleExclusion {
        rule,
        target: target.map(str::to_owned),
    };
    for (excluded, left) in [
        (exclusion(Some(1001), Some("q")), false),
        (exclusion(Some(1001), Some("Q")), false),
        (exclusion(Some(1001), None), false),
        (exclusion(None, Some("q")), false),
        (exclusion(Some(1002), Some("q")), true),
        (exclusion(Some(1001), Some("other")), true),
        (exclusion(None, Some("other")), true),
    ] {
        let mut policy = rules(1);
        policy.exclude = vec![excluded.clone()];
        let score = query(&Inspector::new(&policy), sql);
        assert_eq!(!score.matches().is_empty(), left, "{excluded:?}");
    }
}

#[test]
fn only_the_categories_of_the_policy_count() {
    let both = "a=1%27+or+1%3D1--&b=%3Csvg+onload%3Dalert(1)%3E";
    for (categories, wanted) in [
        (vec![AttackCategory::SqlInjection], vec![1001]),
        (vec![AttackCategory::Xss], vec![2002]),
        (vec![AttackCategory::CommandInjection], vec![]),
        (vec![], vec![]),
    ] {
        let mut policy = rules(1);
        policy.categories = categories;
        assert_eq!(rules_of(&query(&Inspector::new(&policy), both)), wanted);
    }
}

/// Texts that make a careless search start again and again.
const TEDIOUS: [&str; 36] = [
    "'",
    "\"",
    "''\"",
    "<",
    "<a",
    "<a ",
    "<a b=\"",
    "<a b='<c d=\"",
    "<script ",
    "<script>",
    "<style ",
    "</",
    "`",
    "$(",
    "${",
    "${${",
    "{{",
    ";",
    ";id",
    "|cat ",
    "&",
    "../",
    "/",
    "//",
    "..\\",
    "(",
    ")",
    "/*",
    "*/",
    "/**/",
    "--\n",
    "#\n",
    "javascript:",
    "=javascript:;",
    "on=",
    "=data:text/html",
];

/// Bytes that are passed for each byte of such a text, at most.
const WORK_PER_BYTE: usize = 4_000;

#[test]
fn the_work_is_linear() {
    let inspector = Inspector::new(&rules(4));
    let work = |text: &str| {
        let before = search::PASSED.get();
        let _ = body(&inspector, Some("text/plain"), text);
        let form = format!("a={}", text.replace('&', "%26"));
        let _ = body(&inspector, Some("application/x-www-form-urlencoded"), &form);
        let _ = inspector.head(&format!("/{text}"), None, &HeaderMap::new());
        search::PASSED.get() - before
    };
    for piece in TEDIOUS {
        for lead in ["", "' or ", "<x ", "$(", "1 "] {
            let text = |length: usize| format!("{lead}{}", piece.repeat(length / piece.len()));
            let (short, long) = (work(&text(2_048)), work(&text(4_096)));
            assert!(long <= 4_096 * WORK_PER_BYTE, "{lead}{piece}: {long}");
            assert!(
                long <= short * 5 / 2 + 100_000,
                "{lead}{piece}: {short}, then {long}"
            );
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_excerpts_can_be_logged(
        text in proptest::collection::vec(any::<u8>(), 0..300),
        paranoia in 1_u8..=4,
    ) {
        let inspector = Inspector::new(&rules(paranoia));
        let lossy = String::from_utf8_lossy(&text);
        let mut score = inspector.head(&lossy, Some(&lossy), &HeaderMap::new());
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=a"] {
            inspector.body(Some(content_type), &text, &mut score);
        }
        for found in score.matches() {
            prop_assert!(found.excerpt.bytes().all(|it| (0x20..0x7f).contains(&it)));
            prop_assert!(found.excerpt.len() <= LONGEST_EXCERPT);
        }
    }

    /// What stands in a query percent-encoded is what stands there plainly.
    #[test]
    fn encoding_letters_changes_nothing(attack in 0_usize..4_000, coin in any::<u64>()) {
        let inspector = Inspector::new(&rules(1));
        let plain = &IN_QUERIES[attack % IN_QUERIES.len()];
        let mut left = coin;
        let encoded: String = plain.bytes().map(|byte| {
            left = left.rotate_left(1);
            if byte.is_ascii_alphabetic() && left & 1 == 1 {
                format!("%{byte:02X}")
            } else {
                char::from(byte).to_string()
            }
        }).collect();
        let wanted = query(&inspector, &format!("q={plain}"));
        let got = query(&inspector, &format!("q={encoded}"));
        prop_assert_eq!(rules_of(&wanted), rules_of(&got), "{}", encoded);
    }

    /// The first look lets nothing through that a second would refuse for more than one sign. Of pieces
    /// put together anyhow some have one, `javascript:-` say, which nothing can be done with.
    #[test]
    fn what_is_quiet_has_nothing_in_it(words in proptest::collection::vec(0_usize..QUIET.len(), 0..12)) {
        let text: String = words.into_iter().map(|word| QUIET[word]).collect();
        let inspector = Inspector::new(&rules(1));
        let settled = [
            // Where parentheses do not fit together, something is called that cannot run.
            (quiet::header(text.as_bytes()) && is_balanced(&text), Written::Plain, Place::Header),
            (quiet::value(text.as_bytes()), Written::Form, Place::Parameter),
            (quiet::body_text(text.as_bytes(), Bits::of(text.as_bytes())), Written::Plain, Place::Body),
        ];
        for (settled, written, place) in settled {
            let mut score = Score::default();
            inspector.look(&mut score).value(text.as_bytes(), written, place, || Target::Path);
            prop_assert!(!settled || score.points() < 10, "{}: {:?}", text, score);
        }
        let text = format!("/{text}");
        let mut score = Score::default();
        inspector.look(&mut score).path(text.as_bytes());
        prop_assert!(!quiet::path(text.as_bytes()) || score.points() < 5, "{}: {:?}", text, score);
    }
}

/// Whether each parenthesis is closed after it was opened.
fn is_balanced(text: &str) -> bool {
    let open = text.chars().try_fold(0_u32, |open, it| match it {
        '(' => Some(open + 1),
        ')' => open.checked_sub(1),
        _ => Some(open),
    });
    open == Some(0)
}

/// Pieces of which many together are quiet.
const QUIET: [&str; 40] = [
    "1",
    "a",
    " ",
    "/",
    "..",
    ".",
    "-",
    "--",
    "(",
    ")",
    ",",
    ";",
    "; ",
    "&",
    ":",
    "=",
    "id",
    "cat",
    "etc/passwd",
    "union",
    "select",
    "or",
    "and",
    "sleep",
    "javascript",
    "php://",
    "file:/",
    "x",
    "@",
    "+",
    "_",
    "env",
    "git",
    "http://",
    "on",
    "alert",
    "drop",
    "table",
    "?",
    "bin/sh",
];

/// Attacks in queries whose letters stand for themselves.
static IN_QUERIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let attacks = AttackCategory::ALL.into_iter().flat_map(corpus::attacks);
    let queries = attacks.filter_map(|it| match it.request {
        corpus::Request::Query(text) if !text.contains('%') => Some(text),
        _ => None,
    });
    queries.collect()
});

/// What the rules get wrong among the samples they are tuned on, by family.
#[test]
#[ignore = "for tuning: cargo test -p forebay-engine patterns::tests::mistakes -- --ignored --nocapture"]
fn mistakes() {
    let inspector = Inspector::new(&rules(1));
    let mut by_family = BTreeMap::<_, Vec<_>>::new();
    let attacks = AttackCategory::ALL.into_iter().flat_map(corpus::attacks);
    let missed = attacks.filter(|it| !it.held_out && !is_refused(&inspector, it));
    for sample in missed {
        by_family
            .entry(("MISSED", sample.family))
            .or_default()
            .push(sample.request);
    }
    let benign = corpus::benign().into_iter();
    for sample in benign.filter(|it| !it.held_out && is_refused(&inspector, it)) {
        by_family
            .entry(("REFUSED", sample.family))
            .or_default()
            .push(sample.request);
    }
    for ((kind, family), requests) in by_family {
        println!("{kind} {family}: {}", requests.len());
        for request in requests.iter().take(60) {
            let rules = request.score(&inspector);
            let rules: Vec<_> = rules.matches().iter().map(|it| it.rule).collect();
            println!("    {request:?} {rules:?}");
        }
    }
}
