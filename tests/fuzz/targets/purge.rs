//! Selectors of purges: read or refused, and a pattern fits what an obvious matcher says.
//!
//! Nothing here counts steps: the real matcher has as many places as the pattern has bytes, 256 at
//! most, and looks at each once per byte. One that went back would not end within a test.

use engine::cache::{
    key::KeyParts,
    purge::{Epoch, Manner, Purge, PurgeLog, PurgeRequest, Purged, Target as Selector},
};
use policy::Scheme;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "purge",
    words: &[
        "*",
        "**",
        "***",
        "/",
        "?",
        "a",
        "/*/b",
        "/**",
        "a*a*a*a*a*",
        "https://",
        "shop.test",
        ":443",
        "[::1]",
        "/%2f",
        "/..",
        "surrogate-key: a b",
        "forebay-purge: hard",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let [selector, path, query] = [(); 3].map(|()| input.text());
    for kind in ["all", "group", "pattern", "prefix", "tag", "url"] {
        let Ok(what) = Selector::parse(kind, &selector) else {
            continue;
        };
        assert_eq!(what.as_str(), kind);
        for query in [None, Some(query.as_str())] {
            let found = purged(&what, &path, query);
            if let Selector::Pattern { host: None, glob } = &what {
                let text = match query.filter(|_| glob.as_str().contains('?')) {
                    Some(query) => format!("{path}?{query}"),
                    None => path.clone(),
                };
                let fits = fits(glob.as_str().as_bytes(), text.as_bytes());
                assert_eq!(found == Purged::Hard, fits);
            }
            if kind == "all" {
                assert_eq!(found, Purged::Hard);
            }
        }
    }
    let headers = input.fields();
    let request = PurgeRequest {
        host: "shop.test",
        path: &path,
        query: Some(&query),
        headers: &headers,
    };
    assert!(request.purges().is_ok_and(|purges| !purges.is_empty()) || request.purges().is_err());
}

fn purged(what: &Selector, path: &str, query: Option<&str>) -> Purged {
    let mut log = PurgeLog::default();
    log.record(&Purge {
        what: what.clone(),
        manner: Manner::Hard,
    });
    let url = KeyParts {
        route: "shop",
        scheme: Scheme::Https,
        host: "shop.test",
        port: 443,
        path,
        query,
        user: None,
        body: None,
    };
    let judgement = log.judge(&[], &url, Epoch::START);
    let again = log.judge(&[], &url, judgement.checked);
    assert_eq!(again.purged, Purged::No, "purged twice by one purge");
    judgement.purged
}

/// `*` is anything without a slash, two or more are anything: a table, filled in from the end.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let mut rest = vec![false; text.len() + 1];
    rest[text.len()] = true;
    let mut at = pattern.len();
    while at > 0 {
        let byte = pattern[at - 1];
        let stars = pattern[..at].iter().rev().take_while(|it| **it == b'*');
        let stars = stars.count();
        let mut now = vec![false; text.len() + 1];
        for from in (0..=text.len()).rev() {
            now[from] = match stars {
                0 => from < text.len() && text[from] == byte && rest[from + 1],
                1 => rest[from] || from < text.len() && text[from] != b'/' && now[from + 1],
                _ => rest[from] || from < text.len() && now[from + 1],
            };
        }
        at -= stars.max(1);
        rest = now;
    }
    rest[0]
}
