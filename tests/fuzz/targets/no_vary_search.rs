//! `No-Vary-Search`: parameters are left out or put in order, and nothing is invented.

use std::collections::BTreeMap;

use engine::cache::{key::canonical_query, search::SearchVariance};
use policy::QueryKey;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "no_vary_search",
    words: &[
        "key-order",
        "params",
        "params=(\"a\")",
        "except=(\"a\" \"b\")",
        "params=?0",
        "key-order=?0",
        "%61",
        "+",
        "a=1",
        "b=2",
        "&",
        "&&",
        "=",
        ", ",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let variance = SearchVariance::parse(input.line());
    let query = input.text();
    for sort in [false, true] {
        let rules = QueryKey {
            ignore: vec!["utm_*".to_owned(), "b".to_owned()],
            sort,
            ..QueryKey::default()
        };
        for rules in [&rules, &QueryKey::default()] {
            let Some(kept) = canonical_query(&query, rules, variance.as_ref()) else {
                continue;
            };
            let asked = counted(&query);
            for (parameter, count) in counted(&kept) {
                assert!(asked.get(parameter).is_some_and(|most| count <= *most));
            }
            let again = canonical_query(&kept, rules, variance.as_ref());
            assert_eq!(again.as_deref(), Some(kept.as_str()));
        }
    }
}

fn counted(query: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for parameter in query.split('&') {
        *counts.entry(parameter).or_default() += 1;
    }
    counts
}
