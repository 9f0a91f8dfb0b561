use std::collections::BTreeMap;

use policy::{AttackCategory, ByteSize, ShieldRules};

use super::{
    corpus::{self, Sample},
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
        .map(|category| (category, corpus::attacks(category)))
        .into();
    let benign = corpus::benign();
    let number: usize = attacks.iter().map(|(_, samples)| samples.len()).sum();
    assert!(number >= 1_500, "{number} attacks");
    assert!(benign.len() >= 10_000, "{} benign", benign.len());

    let mut bad = Vec::new();
    println!("                       tuned on             held out");
    for paranoia in 1..=4 {
        let inspector = Inspector::new(&rules(paranoia));
        println!("paranoia {paranoia}");
        for (category, samples) in &attacks {
            let kind = category.as_str();
            let [tuned, held] = both(&inspector, samples);
            println!("  {kind:18} {}  {} found", told(&tuned), told(&held));
            if paranoia == 1 {
                if tuned.percent() < 95.0 || held.percent() < 90.0 {
                    bad.push(format!("too few of {kind} are found"));
                }
            }
        }
        let all: Vec<_> = attacks
            .iter()
            .flat_map(|(_, samples)| samples)
            .cloned()
            .collect();
        let [tuned, held] = both(&inspector, &all);
        println!(
            "  {:18} {}  {} found",
            "all attacks",
            told(&tuned),
            told(&held)
        );
        let found = Tally::of(&inspector, all.iter());
        let [tuned, held] = both(&inspector, &benign);
        println!(
            "  {:18} {}  {} refused",
            "benign",
            told(&tuned),
            told(&held)
        );
        let wrong = Tally::of(&inspector, benign.iter());
        println!(
            "  together: {:.2} % of attacks, {:.3} % of benign",
            found.percent(),
            wrong.percent()
        );
        if paranoia == 1 {
            if found.percent() < 95.0 {
                bad.push("too few attacks are found".to_owned());
            }
            if wrong.percent() > 0.1 {
                bad.push("too much is refused that is no attack".to_owned());
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join(", "));
}

fn both(inspector: &Inspector, samples: &[Sample]) -> [Tally; 2] {
    [false, true].map(|held| Tally::of(inspector, samples.iter().filter(|it| it.held_out == held)))
}

fn told(tally: &Tally) -> String {
    format!(
        "{:5}/{:5} {:6.2} %",
        tally.refused,
        tally.all,
        tally.percent()
    )
}

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
        for request in requests.iter().take(25) {
            let rules = request.score(&inspector);
            let rules: Vec<_> = rules.matches().iter().map(|it| it.rule).collect();
            println!("    {request:?} {rules:?}");
        }
    }
}
