//! Every decision has its advice, and every advised line is one that the configuration takes.

use http::{HeaderMap, Method, StatusCode};
use policy::Source;

use super::*;
use crate::cache::testing::headers;

const BYPASSES: [BypassReason; 15] = [
    BypassReason::AmbiguousPath,
    BypassReason::Authorization,
    BypassReason::BodyTooLarge,
    BypassReason::BodyWithGet,
    BypassReason::Cookie,
    BypassReason::Method,
    BypassReason::NoTransform,
    BypassReason::Override,
    BypassReason::Persona,
    BypassReason::Precondition,
    BypassReason::Range,
    BypassReason::RequestNoStore,
    BypassReason::Shadow,
    BypassReason::Unverified,
    BypassReason::Upgrade,
];

const SKIPS: [SkipReason; 19] = [
    SkipReason::Authorization,
    SkipReason::CloseDelimited,
    SkipReason::Cookie,
    SkipReason::Incomplete,
    SkipReason::MemoryPressure,
    SkipReason::Method,
    SkipReason::NoCache,
    SkipReason::NoFreshness,
    SkipReason::NoStore,
    SkipReason::OtherUpstream,
    SkipReason::Overtaken,
    SkipReason::Partial,
    SkipReason::Private,
    SkipReason::SetCookie,
    SkipReason::Shadow,
    SkipReason::Stale,
    SkipReason::Status,
    SkipReason::TooLarge,
    SkipReason::VaryStar,
];

/// What is asked about, owned.
struct Case {
    method: Method,
    request: HeaderMap,
    query: Option<&'static str>,
    answered: Option<Answered>,
}

impl Case {
    fn get() -> Self {
        Self {
            method: Method::GET,
            request: HeaderMap::new(),
            query: None,
            answered: None,
        }
    }

    fn answered(status: u16, fields: &[(&str, &str)]) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self {
            answered: Some(Answered::of(status, &headers(fields))),
            ..Self::get()
        }
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            method: &self.method,
            headers: &self.request,
            query: self.query,
            answered: self.answered.clone(),
        }
    }

    fn bypass(&self, reason: BypassReason) -> Advice {
        advise(CacheOutcome::Bypass(reason), None, &self.facts())
    }

    fn skip(&self, reason: SkipReason) -> Advice {
        let miss = CacheOutcome::Miss(MissReason::Uri);
        advise(miss, Some(StoreOutcome::Skipped(reason)), &self.facts())
    }
}

/// The line, or the word for what there is instead of one.
fn remedy(advice: &Advice) -> &str {
    match &advice.remedy {
        Remedy::Fine => "fine",
        Remedy::Line(line) => &line.yaml,
        Remedy::Nothing(_) => "nothing",
    }
}

/// A whole file with the line in its place; mistakes as they would be reported.
fn taken(line: &Line) -> Result<(), String> {
    let (top, route) = match line.place {
        Place::Route => ("", line.yaml.as_ref()),
        Place::Top => (line.yaml.as_ref(), ""),
    };
    // Keys per user ask for it.
    let identity = match line.yaml.contains("per_user") {
        true => "identity: {jwt: {jwks_file: keys.json}}",
        false => "",
    };
    let file = format!(
        "version: 1
listeners: [{{address: 127.0.0.1:1}}]
upstreams: {{legacy: {{endpoints: [\"http://127.0.0.1:2\"]}}}}
{identity}
{top}
routes:
  - name: everything
    upstream: legacy
    {route}
"
    );
    let source = Source {
        name: "advised",
        bytes: file.as_bytes(),
    };
    let parsed = policy::parse(source, &|_| None);
    parsed.map(drop).map_err(|mistakes| format!("{mistakes:?}"))
}

#[test]
fn each_reason_to_pass_the_cache_by_has_its_remedy() {
    let case = Case::get();
    let remedies = BYPASSES.map(|reason| {
        let advice = case.bypass(reason);
        (reason.as_str(), remedy(&advice).to_owned())
    });
    let remedies: Vec<_> = remedies.iter().map(|(r, l)| (*r, l.as_str())).collect();
    assert_eq!(
        remedies,
        [
            ("ambiguous-path", "nothing"),
            ("authorization", "cache: {key: {per_user: sub}}"),
            ("body-too-large", "cache: {key: {body: {max_size: 64KiB}}}",),
            ("body-with-get", "nothing"),
            ("cookie", "cache: {request_cookies: ignore}"),
            ("method", "nothing"),
            ("no-transform", "nothing"),
            ("override", "nothing"),
            ("persona", "nothing"),
            ("precondition", "nothing"),
            ("range", "cache: {ranges: fill}"),
            ("request-no-store", "nothing"),
            ("shadow", "cache: {mode: enforce}"),
            ("unverified", "nothing"),
            ("upgrade", "nothing"),
        ]
    );
}

#[test]
fn each_reason_not_to_store_has_its_remedy() {
    let case = Case::answered(200, &[("content-type", "application/json; charset=utf-8")]);
    let remedies = SKIPS.map(|reason| {
        let advice = case.skip(reason);
        (reason.as_str(), remedy(&advice).to_owned())
    });
    let remedies: Vec<_> = remedies.iter().map(|(r, l)| (*r, l.as_str())).collect();
    assert_eq!(
        remedies,
        [
            ("authorization", "cache: {key: {per_user: sub}}"),
            ("close-delimited", "nothing"),
            ("cookie", "cache: {request_cookies: ignore}"),
            ("incomplete", "nothing"),
            ("memory-pressure", "memory: {limit: 256MiB}"),
            ("method", "fine"),
            ("no-cache", "nothing"),
            ("no-freshness", "cache: {ttl: 60s}"),
            ("no-store", "nothing"),
            ("other-upstream", "fine"),
            ("overtaken", "fine"),
            ("partial", "cache: {ranges: fill}"),
            ("private", "nothing"),
            ("set-cookie", "cache: {set_cookie: strip}"),
            ("shadow", "cache: {mode: enforce}"),
            ("stale", "nothing"),
            ("status", "nothing"),
            ("too-large", "cache: {max_object: 16MiB}"),
            ("vary-star", "nothing"),
        ]
    );
}

/// The exchanges whose line depends on more than the reason.
fn particular() -> Vec<(Advice, &'static str)> {
    let search = Case {
        method: Method::POST,
        ..Case::get()
    };
    let visitor = Case {
        query: Some("utm_source=x&page=2&utm_medium=y&gclid=1&&_"),
        ..Case::get()
    };
    let ask = |case: &Case, outcome, store| advise(outcome, store, &case.facts());
    let uri = CacheOutcome::Miss(MissReason::Uri);
    let vary = CacheOutcome::Miss(MissReason::Vary);
    let no_freshness = SkipReason::NoFreshness;
    vec![
        (
            search.bypass(BypassReason::Method),
            "cache: {key: {body: {methods: [POST]}}}",
        ),
        (
            ask(&visitor, uri, None),
            "cache: {key: {query: {ignore: [\"utm_*\", \"gclid\", \"_\"]}}}",
        ),
        (
            ask(
                &Case::get(),
                CacheOutcome::Bypass(BypassReason::Shadow),
                Some(StoreOutcome::Skipped(no_freshness)),
            ),
            "cache: {ttl: 60s}",
        ),
        (ask(&Case::get(), uri, None), "fine"),
        (ask(&Case::get(), uri, Some(StoreOutcome::Stored)), "fine"),
        (ask(&Case::get(), CacheOutcome::Hit, None), "fine"),
        (
            ask(&Case::get(), CacheOutcome::Off, None),
            "cache: {ttl: 60s}",
        ),
        (
            ask(&Case::get(), CacheOutcome::Stale, None),
            "cache: {stale_while_revalidate: 30s}",
        ),
        (
            ask(&Case::get(), CacheOutcome::Revalidated, None),
            "cache: {stale_while_revalidate: 30s}",
        ),
        (
            ask(
                &Case::answered(200, &[("vary", "accept-language")]),
                vary,
                None,
            ),
            "cache: {key: {language: [en, de]}}",
        ),
        (
            ask(&Case::answered(200, &[("vary", "User-Agent")]), vary, None),
            "cache: {key: {device: true}}",
        ),
        (
            ask(&Case::answered(200, &[("vary", "origin")]), vary, None),
            "cache: {max_variants: 64}",
        ),
        (
            Case::answered(200, &[("content-type", "image/png")]).skip(no_freshness),
            "cache: {ttl: 1h}",
        ),
        (
            Case::answered(404, &[]).skip(no_freshness),
            "cache: {negative_ttl: {404: 10s}}",
        ),
        (
            Case::answered(503, &[]).skip(SkipReason::Status),
            "cache: {negative_ttl: {503: 1s}}",
        ),
        (
            Case::answered(403, &[]).skip(SkipReason::Status),
            "cache: {negative_ttl: {403: 5s}}",
        ),
        (Case::answered(302, &[]).skip(SkipReason::Status), "nothing"),
        (
            Case::answered(200, &[("content-length", "40000000")]).skip(SkipReason::TooLarge),
            "cache: {max_object: 64MiB}",
        ),
    ]
}

#[test]
fn what_is_known_of_the_exchange_refines_the_line() {
    for (advice, expected) in particular() {
        assert_eq!(remedy(&advice), expected, "{advice:?}");
    }
}

#[test]
fn every_advised_line_is_taken() {
    let case = Case::answered(200, &[]);
    let bypasses = BYPASSES.map(|reason| case.bypass(reason));
    let skips = SKIPS.map(|reason| case.skip(reason));
    let particular = particular().into_iter().map(|(advice, _)| advice);
    let mut refused = Vec::new();
    for advice in bypasses.into_iter().chain(skips).chain(particular) {
        if let Remedy::Line(line) = &advice.remedy
            && let Err(mistakes) = taken(line)
        {
            refused.push(format!("{}: {mistakes}", line.yaml));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_sentence_is_one() {
    let case = Case::answered(200, &[]);
    let skips = SKIPS.map(|reason| case.skip(reason));
    let bypasses = BYPASSES.map(|reason| case.bypass(reason));
    let particular = particular().into_iter().map(|(advice, _)| advice);
    for advice in skips.into_iter().chain(bypasses).chain(particular) {
        assert!(advice.because.ends_with('.'), "{advice:?}");
        assert!(!advice.because.contains("  "), "{advice:?}");
        assert!(!advice.because.contains('\n'), "{advice:?}");
    }
}

#[test]
fn cookies_are_named_and_never_shown() {
    let case = Case {
        request: headers(&[
            ("cookie", "sid=secret; _ga=x"),
            ("cookie", "theme=dark; broken"),
        ]),
        ..Case::get()
    };
    let because = case.bypass(BypassReason::Cookie).because;
    assert!(because.contains("(sid, _ga, theme)"), "{because}");
    assert!(!because.contains("secret"), "{because}");
}
