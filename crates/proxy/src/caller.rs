//! Who is asking, wherever callers are counted: what [`engine::caller`] wants to know of a request.
//!
//! A signature is verified at most once for a request, and only where a policy wants to know. A token
//! that proves nothing is told of then, whatever the policies do about it.

use engine::{
    caller::{self, Caller, CallerFacts, Counting, Holder, Proof, Unclear},
    failure::Failure,
    identity::Rejection,
    security::{SecurityAction, SecurityKind},
};
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE, request};
use policy::{CallerKey, CallerPart, KeyParts, Mode, UnknownCaller};

use crate::{
    exchange::Exchange,
    steps::{
        admit::Admitted,
        answer::Refusal,
        identify::{self, Asker},
    },
};

/// What a request's token proves.
pub(crate) type Proven = Result<Asker, Rejection>;

/// By what something that counts tells its callers apart, made ready.
#[derive(Debug)]
pub(crate) struct CallerRule {
    key: CallerKey,
    on_unknown: UnknownCaller,
    scope: u128,
    /// Where the key tells nobody apart, so that it is not found out anew for each request.
    only: Option<Holder>,
    needs: Needs,
}

/// What has to be found out about a request before its caller is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// Only what is in it.
    #[default]
    Nothing,
    /// What its token proves: see [`prove`].
    Proof,
}

/// Finds out what the request's token proves, and tells of one that proves nothing.
pub(crate) fn prove(exchange: &mut Exchange, headers: &HeaderMap) {
    if exchange.proof.is_some() {
        return;
    }
    let now = exchange.recording.event.at;
    let proven = identify::prove(exchange.snapshot(), headers, now);
    if let Err(why) = &proven {
        let kind = match why {
            Rejection::NoKeys => SecurityKind::KeysUnavailable,
            _ => SecurityKind::TokenRejected,
        };
        exchange.tell(kind, SecurityAction::Noted, None, why.as_str());
    }
    exchange.proof = Some(proven);
}

/// As [`prove`], and what it proves.
pub(crate) fn proven(exchange: &mut Exchange, headers: &HeaderMap) -> Proven {
    prove(exchange, headers);
    match &exchange.proof {
        Some(proven) => proven.clone(),
        None => Ok(Asker::Anybody),
    }
}

/// What is known of the request's caller; [`prove`] comes first where a rule needs it.
pub(crate) fn facts<'a>(
    exchange: &'a Exchange,
    route: usize,
    head: &'a request::Parts,
    admitted: &'a Admitted<'_>,
) -> CallerFacts<'a> {
    facts_of(exchange, route, &head.headers, admitted.path.as_str())
}

/// The same by its fields and by its path in its one spelling.
pub(crate) fn facts_of<'a>(
    exchange: &'a Exchange,
    route: usize,
    headers: &'a HeaderMap,
    path: &'a str,
) -> CallerFacts<'a> {
    let proof = match &exchange.proof {
        None | Some(Ok(Asker::Anybody)) => Proof::Nothing,
        Some(Ok(Asker::Known(claims))) => Proof::Somebody(claims),
        Some(Err(why)) => Proof::Rejected(*why),
    };
    CallerFacts {
        client: exchange.client.ip,
        headers,
        path,
        pattern: &exchange.snapshot().policies.routes[route].matches.path,
        proof,
    }
}

/// Refuses a request whose caller has to be known and is not.
pub(crate) fn refusal(part: &CallerPart, why: Unclear) -> Refusal {
    if !matches!(part, CallerPart::Claim(_)) {
        return Failure::CallerUnknown.into();
    }
    // RFC 6750, section 3: no error where there was no token.
    let challenge = match why {
        Unclear::Absent | Unclear::Repeated => "Bearer",
        Unclear::Rejected(_) => "Bearer error=\"invalid_token\"",
    };
    let mut refusal = Refusal::from(Failure::CallerUnproven);
    let challenge = HeaderValue::from_static(challenge);
    refusal.fields.push((WWW_AUTHENTICATE, challenge));
    refusal
}

/// Tells of a request whose caller is not known.
pub(crate) fn tell_unknown(
    exchange: &Exchange,
    mode: Mode,
    policy: &str,
    part: &CallerPart,
    why: Unclear,
) {
    let action = action(mode);
    let evidence = format!("{part} {}", why.as_str());
    exchange.tell(SecurityKind::UnknownCaller, action, Some(policy), &evidence);
}

/// What is done about a request under a policy in this mode that refuses it.
pub(crate) const fn action(mode: Mode) -> SecurityAction {
    match mode {
        Mode::Enforce => SecurityAction::Blocked,
        Mode::Off | Mode::Shadow => SecurityAction::Shadowed,
    }
}

// === impl CallerRule ===

impl CallerRule {
    /// Callers by `key`, of what has these names; they are other callers for what has other names.
    pub(crate) fn new(names: &[&str], key: &CallerKey, on_unknown: UnknownCaller) -> Self {
        let claim = |part: &CallerPart| matches!(part, CallerPart::Claim(_));
        let scope = caller::scope(names, store::hash);
        Self {
            scope,
            only: caller::only_holder(key, scope, store::hash),
            needs: match key.parts.iter().any(claim) {
                true => Needs::Proof,
                false => Needs::Nothing,
            },
            key: key.clone(),
            on_unknown,
        }
    }

    pub(crate) const fn needs(&self) -> Needs {
        self.needs
    }

    pub(crate) const fn key(&self) -> &CallerKey {
        &self.key
    }

    /// Who the caller is.
    pub(crate) fn identify(&self, facts: &CallerFacts<'_>) -> Caller<'_> {
        match self.only {
            Some(holder) => Caller::Known(holder.key),
            None => caller::identify(&self.key, facts, self.scope, store::hash),
        }
    }

    /// Which parts of the key tell who the caller is.
    pub(crate) fn parts(&self, facts: &CallerFacts<'_>) -> KeyParts {
        match (self.on_unknown, self.identify(facts)) {
            (UnknownCaller::ClientIp, Caller::Unknown(..)) => KeyParts::SomeByAddress,
            _ => KeyParts::All,
        }
    }

    /// For whom the request is counted.
    pub(crate) fn count(&self, facts: &CallerFacts<'_>) -> Counting<'_> {
        match self.only {
            Some(holder) => Counting::On(holder),
            None => caller::count(&self.key, self.on_unknown, facts, self.scope, store::hash),
        }
    }
}
