use http::HeaderMap;
use policy::Scheme;
use proptest::prelude::*;

use super::*;
use crate::cache::testing::headers;

fn key<'a>(host: &'a str, path: &'a str, query: Option<&'a str>) -> KeyParts<'a> {
    KeyParts {
        route: "api",
        scheme: Scheme::Http,
        host,
        port: 80,
        path,
        query,
        user: None,
        body: None,
    }
}

fn origin(host: &str) -> Origin {
    Origin {
        scheme: Scheme::Https,
        host: host.to_owned(),
        port: 443,
    }
}

fn target(kind: &str, text: &str) -> Target {
    Target::parse(kind, text).unwrap()
}

fn soft(what: Target) -> Purge {
    Purge {
        what,
        manner: Manner::Soft,
    }
}

fn hard(what: Target) -> Purge {
    Purge {
        what,
        manner: Manner::Hard,
    }
}

/// Whether a purge hits a response that was stored before it.
fn hits(what: Target, labels: &[Label], url: &KeyParts<'_>) -> Purged {
    let mut log = PurgeLog::default();
    log.record(&soft(what));
    let judged = log.judge(labels, url, Epoch::START);
    assert_eq!(judged.checked, log.latest());
    assert_eq!(log.judge(labels, url, judged.checked).purged, Purged::No);
    judged.purged
}

#[test]
fn urls_are_hit_exactly() {
    let url = || target("url", "https://a.example/x?b=1");
    for (entry, wanted) in [
        (key("a.example", "/x", Some("b=1")), Purged::Soft),
        (key("b.example", "/x", Some("b=1")), Purged::No),
        (key("a.example", "/x/", Some("b=1")), Purged::No),
        (key("a.example", "/x", Some("b=2")), Purged::No),
        (key("a.example", "/x", None), Purged::No),
    ] {
        assert_eq!(hits(url(), &[], &entry), wanted, "{entry:?}");
    }
    // Every variant: scheme, port, route, user and body do not matter.
    let other = KeyParts {
        route: "web",
        scheme: Scheme::Https,
        port: 8443,
        user: Some("ada"),
        ..key("a.example", "/x", Some("b=1"))
    };
    assert_eq!(hits(url(), &[], &other), Purged::Soft);
}

#[test]
fn prefixes_and_patterns_are_hit() {
    let entry = key("a.example", "/api/users/7", Some("page=2"));
    for (kind, text, wanted) in [
        ("prefix", "/api/", Purged::Soft),
        ("prefix", "/api/users/7", Purged::Soft),
        ("prefix", "/", Purged::Soft),
        ("prefix", "/api/users/7/", Purged::No),
        ("prefix", "/users", Purged::No),
        ("prefix", "a.example/api", Purged::Soft),
        ("prefix", "https://A.EXAMPLE:80/api", Purged::Soft),
        ("prefix", "b.example/api", Purged::No),
        ("prefix", "a.example", Purged::Soft),
        ("pattern", "/api/*/7", Purged::Soft),
        ("pattern", "/api/*", Purged::No),
        ("pattern", "/api/**", Purged::Soft),
        ("pattern", "**/7", Purged::Soft),
        ("pattern", "**", Purged::Soft),
        ("pattern", "/api/users/7?*", Purged::Soft),
        ("pattern", "/api/users/7?page=*", Purged::Soft),
        ("pattern", "/api/users/7?size=*", Purged::No),
        ("pattern", "a.example/**", Purged::Soft),
        ("pattern", "b.example/**", Purged::No),
        ("all", "", Purged::Soft),
    ] {
        assert_eq!(
            hits(target(kind, text), &[], &entry),
            wanted,
            "{kind} {text}"
        );
    }
}

#[test]
fn tags_and_groups_are_hit() {
    let labels = [Label::tag(b"a"), Label::group(&origin("a.example"), "g")];
    let entry = key("a.example", "/", None);
    for (kind, text, wanted) in [
        ("tag", "a", Purged::Soft),
        ("tag", "g", Purged::No),
        ("group", "https://a.example g", Purged::Soft),
        ("group", "https://a.example:443/ g", Purged::Soft),
        ("group", "http://a.example g", Purged::No),
        ("group", "https://b.example g", Purged::No),
        ("group", "https://a.example a", Purged::No),
    ] {
        assert_eq!(hits(target(kind, text), &labels, &entry), wanted, "{text}");
    }
}

/// What is purged while the origin answers hits the answer, since the request was sent before.
#[test]
fn a_purge_hits_what_was_asked_for_before() {
    let mut log = PurgeLog::default();
    let entry = key("a.example", "/x", None);
    let sent = log.latest();
    let purged = log.record(&soft(target("url", "a.example/x")));
    assert_eq!(log.judge(&[], &entry, sent).purged, Purged::Soft);
    assert_eq!(log.judge(&[], &entry, purged).purged, Purged::No);
    assert_eq!(Epoch::from_u64(purged.as_u64()), purged);
}

#[test]
fn the_hard_one_counts() {
    let mut log = PurgeLog::default();
    let entry = key("a.example", "/x", None);
    let first = log.record(&hard(target("prefix", "/")));
    let second = log.record(&soft(target("prefix", "/")));
    log.record(&soft(target("url", "a.example/x")));
    assert_eq!(log.judge(&[], &entry, Epoch::START).purged, Purged::Hard);
    assert_eq!(log.judge(&[], &entry, first).purged, Purged::Soft);
    assert_eq!(log.judge(&[], &entry, second).purged, Purged::Soft);
    let marked = [Label::tag(b"t")];
    log.record(&hard(Target::Tag("t".to_owned())));
    log.record(&soft(Target::Tag("t".to_owned())));
    assert_eq!(log.judge(&marked, &entry, second).purged, Purged::Hard);
    assert_eq!(log.judge(&[], &entry, second).purged, Purged::Soft);
}

#[test]
fn saying_it_again_takes_no_room() {
    let mut log = PurgeLog::bounded(4, 4);
    let entry = key("a.example", "/y", None);
    for _ in 0..100 {
        log.record(&hard(target("prefix", "/x")));
        log.record(&hard(target("tag", "x")));
    }
    assert_eq!(log.judge(&[], &entry, Epoch::START).purged, Purged::No);
}

#[test]
fn patterns_fit_all_of_the_text() {
    let segments = "/a/".repeat(60);
    for (glob, text, wanted) in [
        ("/", "/", true),
        ("/", "/a", false),
        ("/a*", "/a", true),
        ("/a*", "/abc", true),
        ("/a*", "/ab/c", false),
        ("/*b", "/bab", true),
        ("/*/c", "/a/b/c", false),
        ("/**/c", "/a/b/c", true),
        ("/**/c", "/c", false),
        ("/**c", "/c", true),
        ("/***", "/a/b", true),
        ("*", "/a", false),
        ("**", "", true),
        ("/*a*b*", "/xaxbx", true),
        ("/*a*b*", "/xbxax", false),
        ("/**a*/b", "/a/xa/b", true),
        (&segments, &segments, true),
    ] {
        assert_eq!(
            Glob::parse(glob).unwrap().fits(text, None),
            wanted,
            "{glob} {text}"
        );
    }
    assert_eq!(Glob::parse("a"), Err(BadGlob::Beginning));
    assert_eq!(Glob::parse(""), Err(BadGlob::Beginning));
    assert_eq!(Glob::parse(&"/".repeat(257)), Err(BadGlob::Long));
    assert_eq!(Glob::parse("/a/**").unwrap().as_str(), "/a/**");
}

#[test]
fn bad_selectors_say_why() {
    let long = "x".repeat(257);
    for (kind, text, wanted) in [
        ("uri", "x", BadSelector::Kind("uri".to_owned())),
        ("url", " ", BadSelector::Empty),
        ("url", "/x", BadSelector::NoHost),
        ("url", "ftp://a.example/", BadSelector::NotAUrl),
        ("url", "https://a.example/a b", BadSelector::NotAUrl),
        ("url", "https://a.example/a//b", BadSelector::AmbiguousPath),
        ("url", "https://a.example/%2f", BadSelector::AmbiguousPath),
        ("url", "https://a..b/", BadSelector::Host("a..b".to_owned())),
        ("url", "https://u@a/", BadSelector::Host("u@a".to_owned())),
        (
            "url",
            "https://a:99999/",
            BadSelector::Host("a:99999".to_owned()),
        ),
        ("prefix", "/a?b", BadSelector::PrefixWithQuery),
        (
            "pattern",
            &format!("/{long}"),
            BadSelector::Glob(BadGlob::Long),
        ),
        ("tag", &long, BadSelector::Long),
        ("group", "g", BadSelector::NoHost),
        ("group", "/ g", BadSelector::NoHost),
        ("group", "https://a.example/x g", BadSelector::NotAUrl),
    ] {
        assert_eq!(Target::parse(kind, text), Err(wanted), "{kind} {text}");
    }
    assert_eq!(Manner::parse(" Hard"), Ok(Manner::Hard));
    assert_eq!(Manner::parse("x"), Err(BadSelector::Manner("x".to_owned())));
}

#[test]
fn urls_are_read_as_requests_are() {
    let url = |path: &str, query: Option<&str>| Target::Url {
        host: "a.example".to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
    };
    for (text, wanted) in [
        ("https://A.example./x#y", url("/x", None)),
        ("http://a.example:8080/%41?b=%41", url("/A", Some("b=%41"))),
        ("a.example/x/../y?", url("/y", Some(""))),
        ("a.example", url("/", None)),
        ("a.example?x", url("/", Some("x"))),
        ("a.example/x?u=http://b/", url("/x", Some("u=http://b/"))),
    ] {
        assert_eq!(Target::parse("url", text), Ok(wanted), "{text}");
    }
}

#[test]
fn requests_to_purge_are_read() {
    let ask = |path, query, headers: &HeaderMap| {
        let request = PurgeRequest {
            host: "a.example",
            path,
            query,
            headers,
        };
        request.purges()
    };
    let none = headers(&[]);
    let plain = ask("/x", Some("b"), &none);
    assert_eq!(plain, Ok(vec![soft(target("url", "a.example/x?b"))]));
    let pattern = ask("/x/*", Some("b"), &headers(&[("forebay-purge", "HARD")]));
    assert_eq!(
        pattern,
        Ok(vec![hard(target("pattern", "a.example/x/*?b"))])
    );
    let tags = headers(&[("surrogate-key", "a b"), ("cache-tag", "c d")]);
    let tags = ask("/", None, &tags);
    let wanted = ["a", "b", "c d"].map(|tag| soft(Target::Tag(tag.to_owned())));
    assert_eq!(tags, Ok(wanted.to_vec()));
    let wrong = ask("/", None, &headers(&[("forebay-purge", "now")]));
    assert_eq!(wrong, Err(BadSelector::Manner("now".to_owned())));
}

#[derive(Clone, Debug)]
enum Event {
    /// Some response is looked at, and judged up to then.
    Look(usize),
    Purge(Purge),
    /// Some response is fetched anew.
    Store(usize),
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        1 => Just(Target::All),
        4 => "[ab]".prop_map(Target::Tag),
        2 => "[ab]".prop_map(|group| Target::Group { origin: origin("a"), group }),
        3 => ("[ab]", "/[ab]").prop_map(|(host, path)| Target::Url { host, path, query: None }),
        3 => (proptest::option::of("[ab]"), "/[ab]?")
            .prop_map(|(host, path)| Target::Prefix { host, path }),
        3 => (proptest::option::of("[ab]"), "/[ab*]{1,2}").prop_map(|(host, text)| Target::Pattern {
            host,
            glob: Glob::parse(&text).unwrap(),
        }),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any_target(), any::<bool>()).prop_map(|(what, is_hard)| Event::Purge(if is_hard {
            hard(what)
        } else {
            soft(what)
        })),
        (0usize..6).prop_map(Event::Look),
        (0usize..6).prop_map(Event::Store),
    ]
}

/// A response, and what a model without any cleverness remembers of it.
struct Entry {
    host: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    since: Epoch,
    missed: Vec<Purge>,
}

impl Entry {
    fn labels(&self) -> Vec<Label> {
        let mut labels: Vec<_> = self
            .names
            .iter()
            .map(|it| Label::tag(it.as_bytes()))
            .collect();
        labels.extend(
            self.names
                .iter()
                .map(|it| Label::group(&origin(self.host), it)),
        );
        labels
    }

    fn is_meant(&self, what: &Target) -> bool {
        let on = |host: &Option<String>| host.as_ref().is_none_or(|it| it == self.host);
        match what {
            Target::All => true,
            Target::Group { origin, group } => {
                origin.host == self.host && self.names.contains(&group.as_str())
            }
            Target::Pattern { host, glob } => on(host) && glob.fits(self.path, None),
            Target::Prefix { host, path } => on(host) && self.path.starts_with(path),
            Target::Tag(tag) => self.names.contains(&tag.as_str()),
            Target::Url { host, path, .. } => host == self.host && path == self.path,
        }
    }

    fn naive(&self) -> Purged {
        let meant = self
            .missed
            .iter()
            .filter(|purge| self.is_meant(&purge.what));
        meant.fold(Purged::No, |worst, purge| {
            worst.max(match purge.manner {
                Manner::Hard => Purged::Hard,
                Manner::Soft => Purged::Soft,
            })
        })
    }
}

fn entries() -> [Entry; 6] {
    let entry = |host, path, names| Entry {
        host,
        path,
        names,
        since: Epoch::START,
        missed: Vec::new(),
    };
    [
        entry("a", "/a", &["a"][..]),
        entry("a", "/b", &["b"]),
        entry("b", "/a", &["a", "b"]),
        entry("b", "/ab", &[]),
        entry("a", "/b/a", &["b"]),
        entry("c", "/", &[]),
    ]
}

/// Plays the events, and gives what the log and the model say at each look.
fn play(log: &mut PurgeLog, events: &[Event]) -> Vec<(Purged, Purged)> {
    let mut entries = entries();
    let mut said = Vec::new();
    for event in events {
        match event {
            Event::Purge(purge) => {
                log.record(purge);
                for entry in &mut entries {
                    entry.missed.push(purge.clone());
                }
            }
            Event::Look(at) => {
                let entry = &mut entries[*at];
                let url = key(entry.host, entry.path, None);
                let judged = log.judge(&entry.labels(), &url, entry.since);
                said.push((judged.purged, entry.naive()));
                entry.since = judged.checked;
                entry.missed.clear();
            }
            Event::Store(at) => {
                entries[*at].since = log.latest();
                entries[*at].missed.clear();
            }
        }
    }
    said
}

/// A pattern matcher without any cleverness.
fn fits(glob: &[u8], text: &[u8]) -> bool {
    match glob {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| fits(rest, &text[at..])),
        [b'*', rest @ ..] => (0..=text.len())
            .take_while(|at| !text[..*at].contains(&b'/'))
            .any(|at| fits(rest, &text[at..])),
        [byte, rest @ ..] => text.first() == Some(byte) && fits(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// With room for every purge, the log says exactly what a list of all of them would.
    #[test]
    fn the_log_is_a_list_of_purges(events in proptest::collection::vec(any_event(), 0..60)) {
        for (said, naive) in play(&mut PurgeLog::default(), &events) {
            prop_assert_eq!(said, naive);
        }
    }

    /// Without, it says more at worst: nothing that was purged is used.
    #[test]
    fn a_full_log_is_careful(events in proptest::collection::vec(any_event(), 0..120)) {
        for (said, naive) in play(&mut PurgeLog::bounded(4, 4), &events) {
            prop_assert!(said >= naive, "{said:?} {naive:?}");
        }
    }

    /// What was fetched after the latest purge is never hit, however full the log is.
    #[test]
    fn nothing_new_is_hit(purges in proptest::collection::vec(any_target(), 0..40)) {
        let mut log = PurgeLog::bounded(4, 4);
        for what in purges {
            log.record(&hard(what));
        }
        let entry = key("a", "/a", None);
        let labels = [Label::tag(b"a")];
        prop_assert_eq!(log.judge(&labels, &entry, log.latest()).purged, Purged::No);
    }

    #[test]
    fn patterns_fit_as_they_should(glob in "[/*][ab/*]{0,7}", text in "/[ab/]{0,8}") {
        // Three are as many as two.
        let mut plain = glob.clone();
        while plain.contains("***") {
            plain = plain.replace("***", "**");
        }
        let found = Glob::parse(&glob).unwrap().fits(&text, None);
        prop_assert_eq!(found, fits(plain.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn no_selector_makes_trouble(kind in "url|prefix|pattern|tag|group|all", text in "\\PC{0,40}") {
        let _ = Target::parse(&kind, &text);
    }
}
