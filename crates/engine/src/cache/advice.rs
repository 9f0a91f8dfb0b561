//! Why is this not cached, and which one line of the configuration would change it?
//!
//! A cache that is safe by default keeps little of an API that says nothing about caching, and whoever
//! runs it must be told what to say in the API's place. So every decision against the cache has one
//! sentence here, and the one line that would turn it; or it says that no line should, because the
//! origin or the client forbids it and both are obeyed. A line that hands responsibility to the
//! operator names the risk (RFC 9111, sections 3.5 and 7).

mod facts;
mod lines;

use std::borrow::Cow;

use http::{HeaderName, Method, StatusCode};

pub use self::facts::{Answered, Facts};
use self::lines::{lifetime, negative, parameters, room, variants};
use crate::outcome::{BypassReason, CacheOutcome, MissReason, SkipReason, StoreOutcome};

/// What to tell the operator about one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// One sentence: what the cache did, and why.
    pub because: Cow<'static, str>,
    /// What would change it.
    pub remedy: Remedy,
}

/// What would change a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing has to: the cache answers, or will the next time.
    Fine,
    /// This line of the configuration.
    Line(Line),
    /// Nothing in the configuration should; this is why, or who else can.
    Nothing(&'static str),
}

/// One line of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it belongs.
    pub place: Place,
    /// The line, such as `cache: {ttl: 60s}`.
    pub yaml: Cow<'static, str>,
    /// What the operator takes upon themselves with it, in a few words.
    pub risk: Option<&'static str>,
}

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the route; what the route says already of the same section stays.
    Route,
    /// At the top of the file.
    Top,
}

const ORIGIN_FORBIDS: &str = "nothing should: the origin forbids it, and is obeyed";
const CLIENT_FORBIDS: &str = "nothing should: the client asked for this, and is obeyed";
const ORIGIN_CAN: &str = "no line can: the origin has to answer differently";

/// Explains what the cache decided, and what would change it.
///
/// `store` is what was decided about the origin's answer, if it was asked and could have been kept.
pub fn advise(outcome: CacheOutcome, store: Option<StoreOutcome>, facts: &Facts<'_>) -> Advice {
    match (outcome, store) {
        // What would have kept it out without the mode, too, is to be dealt with first.
        (CacheOutcome::Bypass(BypassReason::Shadow), Some(StoreOutcome::Skipped(reason))) => {
            skip(reason, facts)
        }
        (CacheOutcome::Bypass(reason), _) => bypass(reason, facts),
        (_, Some(StoreOutcome::Skipped(reason))) => skip(reason, facts),
        (CacheOutcome::Hit, _) => Advice::fine("It is answered from the cache."),
        (CacheOutcome::ServedStale(_), None) => {
            Advice::fine("It is answered from the cache, stale, as the route or the client allows.")
        }
        (_, Some(StoreOutcome::Stored)) => Advice::fine(
            "It was not held, and is now: the next request is answered from the cache.",
        ),
        (CacheOutcome::Miss(reason), None) => miss(reason, facts),
        (CacheOutcome::Off, None) => Advice::line(
            "The route has no cache.",
            lifetime(facts),
            Some("for that long, everybody gets the same answer"),
        ),
        (CacheOutcome::Revalidated | CacheOutcome::Stale, None) => Advice::line(
            "It was held and no longer fresh, so that the client waited for the origin.",
            "cache: {stale_while_revalidate: 30s}",
            Some(
                "for that long after it expired, the old answer is given while a new one is fetched",
            ),
        ),
    }
}

fn bypass(reason: BypassReason, facts: &Facts<'_>) -> Advice {
    match reason {
        BypassReason::AmbiguousPath => Advice::nothing(
            "The path can be read in two ways, so that a key for it would be a guess.",
            "nothing should: clients have to ask for the path without encoded slashes and dots",
        ),
        BypassReason::Authorization => personal(),
        BypassReason::BodyTooLarge => Advice::line(
            "The request's body is part of the key, and larger than cache.key.body.max_size.",
            "cache: {key: {body: {max_size: 64KiB}}}",
            Some("each body is read and held before the cache is asked"),
        ),
        BypassReason::BodyWithGet => Advice::nothing(
            "The request is a GET or HEAD with a body, which the origin might read.",
            "nothing should: clients have to leave the body out",
        ),
        BypassReason::Cookie => cookie(facts),
        BypassReason::Method => method(facts),
        BypassReason::NoTransform => Advice::nothing(
            "The request says no-transform, and the route's JSON is kept trimmed.",
            CLIENT_FORBIDS,
        ),
        BypassReason::Override => Advice::nothing(
            "A field of the request names another method or URL, and is not part of the key.",
            "nothing should: clients have to leave fields such as X-HTTP-Method-Override out",
        ),
        BypassReason::Persona => Advice::nothing(
            "A value by which the key tells requests apart is longer than 256 bytes.",
            "nothing should: such a value tells everybody apart, and would fill the cache",
        ),
        BypassReason::Precondition => Advice::nothing(
            "If-Match and If-Unmodified-Since are questions that only the origin can answer.",
            CLIENT_FORBIDS,
        ),
        BypassReason::Range => part(),
        BypassReason::RequestNoStore => {
            Advice::nothing("The request says no-store.", CLIENT_FORBIDS)
        }
        BypassReason::Shadow => shadow(),
        BypassReason::Unverified => Advice::nothing(
            "The key needs to know who is asking, and the request's token proves nothing.",
            "nothing should: the client has to send a token that identity.jwt can verify",
        ),
        BypassReason::Upgrade => Advice::nothing(
            "The request asks for another protocol, whose bytes are no responses.",
            "nothing should: only HTTP is cached",
        ),
    }
}

fn miss(reason: MissReason, facts: &Facts<'_>) -> Advice {
    match reason {
        MissReason::Partial => Advice::line(
            "Parts of it are held, but not the one that was asked for.",
            "cache: {ranges: fill}",
            Some("the first request for a part fetches the whole, up to max_object"),
        ),
        MissReason::Uri => match parameters(facts) {
            Some(line) => Advice::line(
                "Nothing is held for this URL, whose query has parameters that are often different \
                 for each visitor.",
                line,
                Some("only parameters that never change the answer may be left out"),
            ),
            None => {
                Advice::fine("Nothing is held for this URL yet, or it expired or had to make room.")
            }
        },
        MissReason::Vary => Advice {
            because: format!(
                "What is held was for requests with {}, and this one differs.",
                selecting(facts)
            )
            .into(),
            remedy: Remedy::Line(variants(facts)),
        },
    }
}

fn skip(reason: SkipReason, facts: &Facts<'_>) -> Advice {
    match reason {
        SkipReason::Authorization => personal(),
        SkipReason::CloseDelimited => Advice::nothing(
            "Only the end of the connection ends the body, so that a broken one looks whole.",
            "no line can: the origin has to send Content-Length or chunks",
        ),
        SkipReason::Cookie => cookie(facts),
        SkipReason::Incomplete => Advice::nothing(
            "The body ended early, or not where its length said.",
            ORIGIN_CAN,
        ),
        SkipReason::MemoryPressure => Advice {
            because: "Responses on their way in already use the memory they may.".into(),
            remedy: Remedy::Line(Line {
                place: Place::Top,
                yaml: "memory: {limit: 256MiB}".into(),
                risk: Some("the machine must have it, and half as much again"),
            }),
        },
        SkipReason::Method => Advice::fine(
            "The answer to HEAD has no body to keep; a GET for the same URL is kept, and answers both.",
        ),
        SkipReason::NoCache => Advice::nothing(
            "The origin says no-cache: it wants to be asked each time.",
            ORIGIN_FORBIDS,
        ),
        SkipReason::NoFreshness => silent(facts),
        SkipReason::NoStore => Advice::nothing("The origin says no-store.", ORIGIN_FORBIDS),
        SkipReason::OtherUpstream => Advice::fine(
            "Another upstream answered while a breaker was open; what it says is not kept.",
        ),
        SkipReason::Overtaken => Advice::fine(
            "It was written to while the answer was on its way; the next answer is kept.",
        ),
        SkipReason::Partial => part(),
        SkipReason::Private => Advice::nothing(
            "The origin says private: the answer is for one user.",
            ORIGIN_FORBIDS,
        ),
        SkipReason::SetCookie => Advice::line(
            "The answer sets a cookie, which is for one client.",
            "cache: {set_cookie: strip}",
            Some("only if the rest is for everybody, and nobody needs the cookie from here"),
        ),
        SkipReason::Shadow => shadow(),
        SkipReason::Stale => Advice::nothing(
            "The origin says that the answer is stale already, and gives nothing to ask again with.",
            "nothing should: the origin forbids it; a validator such as ETag would let it be \
             confirmed cheaply",
        ),
        SkipReason::Status => status(facts),
        SkipReason::TooLarge => Advice {
            because: "The body is larger than cache.max_object.".into(),
            remedy: Remedy::Line(room(facts)),
        },
        SkipReason::VaryStar => Advice::nothing(
            "The origin says Vary: *, that no two requests are alike.",
            ORIGIN_FORBIDS,
        ),
    }
}

/// The origin says nothing at all: the usual case of an API nobody wrote caching for.
fn silent(facts: &Facts<'_>) -> Advice {
    if facts.status().is_some_and(is_error) {
        return status(facts);
    }
    Advice::line(
        "The origin does not say how long the answer is good, and neither does the route.",
        lifetime(facts),
        Some("for that long, everybody gets the same answer"),
    )
}

fn status(facts: &Facts<'_>) -> Advice {
    match facts.status() {
        Some(status) if is_error(status) => Advice {
            because: format!(
                "Answers with {} are not kept without a word about it.",
                status.as_u16()
            )
            .into(),
            remedy: Remedy::Line(negative(status)),
        },
        Some(status) if status.is_redirection() => Advice::nothing(
            "A temporary redirect is kept only when the origin says for how long.",
            ORIGIN_CAN,
        ),
        _ => Advice::nothing(
            "Answers with this status are kept only when the origin says for how long.",
            ORIGIN_CAN,
        ),
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn personal() -> Advice {
    Advice::line(
        "The request carries Authorization, and the origin did not call the answer public.",
        "cache: {key: {per_user: sub}}",
        Some(
            "each user then has a cache of their own; it needs an identity section, because only a \
             verified token names a user",
        ),
    )
}

fn cookie(facts: &Facts<'_>) -> Advice {
    let names = facts.cookies();
    let because = match names.as_slice() {
        [] => "The request carries a cookie, and the origin did not call the answer cacheable."
            .to_owned(),
        names => format!(
            "The request carries cookies ({}), and the origin did not call the answer cacheable.",
            names.join(", ")
        ),
    };
    Advice {
        because: because.into(),
        remedy: Remedy::Line(Line {
            place: Place::Route,
            yaml: "cache: {request_cookies: ignore}".into(),
            risk: Some(
                "only if no answer of this route depends on a cookie, or one user sees what is \
                 another's",
            ),
        }),
    }
}

fn method(facts: &Facts<'_>) -> Advice {
    if *facts.method == Method::POST {
        return Advice::line(
            "A POST is taken to change something.",
            "cache: {key: {body: {methods: [POST]}}}",
            Some("only if POST is a question here, such as a search, and changes nothing"),
        );
    }
    Advice::nothing(
        "The method is not one that a cache answers.",
        "nothing should: what changes something has to reach the origin",
    )
}

fn part() -> Advice {
    Advice::line(
        "The request is for a part of something, and only the whole is kept.",
        "cache: {ranges: fill}",
        Some("the first request for a part fetches the whole, up to max_object"),
    )
}

fn shadow() -> Advice {
    Advice::line(
        "The cache is in shadow mode: it decides and counts, and changes nothing.",
        "cache: {mode: enforce}",
        None,
    )
}

/// The fields that answers differ by, as far as they are known.
fn selecting(facts: &Facts<'_>) -> String {
    match facts.vary() {
        [] => "other fields".to_owned(),
        names => {
            let names: Vec<&str> = names.iter().map(HeaderName::as_str).collect();
            format!("another {}", names.join(" or "))
        }
    }
}

// === impl Advice ===

impl Advice {
    fn fine(because: &'static str) -> Self {
        Self {
            because: because.into(),
            remedy: Remedy::Fine,
        }
    }

    fn nothing(because: &'static str, why: &'static str) -> Self {
        Self {
            because: because.into(),
            remedy: Remedy::Nothing(why),
        }
    }

    fn line(
        because: &'static str,
        yaml: impl Into<Cow<'static, str>>,
        risk: Option<&'static str>,
    ) -> Self {
        Self {
            because: because.into(),
            remedy: Remedy::Line(Line {
                place: Place::Route,
                yaml: yaml.into(),
                risk,
            }),
        }
    }
}

// === impl Place ===

impl Place {
    /// The words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "in the route",
            Self::Top => "at the top of the file",
        }
    }
}

#[cfg(test)]
mod tests;
