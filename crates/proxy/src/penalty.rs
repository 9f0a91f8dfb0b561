//! The penalty boxes of a route: who is shut out, and what brings somebody there.
//!
//! A caller is looked for only while somebody is shut out at all. What happened to a request counts
//! when it is known: a refusal at once, the origin's status with its answer. Answers from the cache,
//! and those somebody else asked for, are not what this caller did.

use std::{net::IpAddr, sync::Arc, time::Duration};

use engine::{
    caller::{Caller, CallerFacts},
    client_ip::limit_key_ip,
    failure::Failure,
    penalty::{Penalty, Standing, Struck},
    rate_limit::retry_after,
    security::{SecurityAction, SecurityKind},
};
use http::{StatusCode, header::RETRY_AFTER};
use policy::{BanTrigger, CallerKey, CallerPart, Mode, Route, UnknownCaller};
use store::{PenaltyBox, PenaltyBoxes};

use crate::{
    caller::{self, CallerRule, Needs},
    clock,
    errand::Errand,
    exchange::Exchange,
    steps::answer::Refusal,
    witness::Witness,
};

/// The boxes of one route, made ready.
#[derive(Debug)]
pub(crate) struct RouteBoxes {
    boxes: Vec<RouteBox>,
    needs: Needs,
}

/// A box as one route sees it.
#[derive(Debug)]
struct RouteBox {
    of: Arc<PenaltyBox>,
    trigger: BanTrigger,
    callers: CallerRule,
}

/// What a caller has done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger<'a> {
    /// The limit of this name refused it.
    Limited(&'a str),
    /// The shield's rules gave it these points, after those.
    Score { before: u32, after: u32 },
    /// The origin answered so.
    Status(StatusCode),
}

/// Who would be struck by the score of a request that has gone on: the box, the caller, and its name.
pub(crate) type Marks = Box<[(usize, u128, Box<str>)]>;

/// Refuses a request whose caller is shut out at `now`.
pub(crate) fn admit(
    exchange: &Exchange,
    route: usize,
    facts: &CallerFacts<'_>,
    now: Duration,
) -> Result<(), Refusal> {
    let penalties = &exchange.sidecar().penalties;
    if penalties.is_empty() {
        return Ok(());
    }
    let mut longest = None;
    for one in &exchange.snapshot().boxes[route].boxes {
        let Caller::Known(caller) = one.callers.identify(facts) else {
            continue;
        };
        let Standing::Banned(left) = penalties.standing(caller, now) else {
            continue;
        };
        let evidence = format!("{} s left", left.as_secs() + 1);
        let name = Some(&*one.of.name);
        exchange.tell(
            SecurityKind::Banned,
            caller::action(one.of.mode),
            name,
            &evidence,
        );
        if one.of.mode == Mode::Enforce {
            longest = longest.max(Some(left));
        }
    }
    match longest {
        None => Ok(()),
        Some(left) => {
            let mut refusal = Refusal::from(Failure::Banned);
            refusal.fields.push((RETRY_AFTER, retry_after(left)));
            Err(refusal)
        }
    }
}

/// Notes what a caller has done, where a box watches for it; `by` is the mode of the policy that says
/// so: what would only have happened brings nobody into a box that acts.
pub(crate) fn strike(
    exchange: &Exchange,
    route: usize,
    facts: &CallerFacts<'_>,
    trigger: Trigger<'_>,
    by: Mode,
) {
    strike_where(exchange, route, facts, (trigger, by), |_key| true);
}

/// The same, in the boxes whose keys are as wanted.
fn strike_where(
    exchange: &Exchange,
    route: usize,
    facts: &CallerFacts<'_>,
    (trigger, by): (Trigger<'_>, Mode),
    wanted: impl Fn(&CallerKey) -> bool,
) {
    for one in &exchange.snapshot().boxes[route].boxes {
        if one.watches_for(trigger, by)
            && wanted(one.callers.key())
            && let Caller::Known(caller) = one.callers.identify(facts)
        {
            let witness = Witness::of(exchange, route);
            one.strike(&witness, caller, || one.name(caller, facts.client));
        }
    }
}

/// Notes that a limit of these callers has refused a request of one of them for what it did itself.
///
/// A box of other callers does not hear of it: whoever asks with somebody's key, or from somebody's
/// address, must not bring him there by using up a quota that is not his (TRAPS 25).
pub(crate) fn limited(
    exchange: &Exchange,
    facts: &CallerFacts<'_>,
    (limit, callers): (&str, &CallerRule),
    by: Mode,
) {
    let route = exchange.recording.event.route.map_or(0, usize::from);
    let trigger = Trigger::Limited(limit);
    let own = |key: &CallerKey| callers.key().is_within(key, callers.parts(facts));
    strike_where(exchange, route, facts, (trigger, by), own);
}

/// Notes how the origin answered this very request.
pub(crate) fn answered(exchange: &Exchange, errand: &Errand, status: StatusCode) {
    let boxes = &exchange.snapshot().boxes[errand.route];
    let trigger = Trigger::Status(status);
    let mut watching = boxes.boxes.iter();
    if watching.any(|one| one.watches_for(trigger, Mode::Enforce)) {
        let (headers, path) = (&errand.head.headers, errand.head.uri.path());
        let facts = caller::facts_of(exchange, errand.route, headers, path);
        strike(exchange, errand.route, &facts, trigger, Mode::Enforce);
    }
}

/// Who would be struck by a score, found out while the request's head is there.
pub(crate) fn marks(exchange: &Exchange, route: usize, facts: &CallerFacts<'_>) -> Marks {
    let boxes = exchange.snapshot().boxes[route].boxes.iter();
    let marks = boxes.enumerate().filter_map(|(position, one)| {
        let (BanTrigger::Score(_), Caller::Known(caller)) =
            (&one.trigger, one.callers.identify(facts))
        else {
            return None;
        };
        Some((position, caller, one.name(caller, facts.client)))
    });
    marks.collect()
}

/// Notes a score of a request that may have gone on.
pub(crate) fn strike_marked(witness: &Witness, marks: &Marks, trigger: Trigger<'_>, by: Mode) {
    let boxes = &witness.snapshot.boxes[witness.route].boxes;
    for (position, caller, name) in marks {
        if let Some(one) = boxes.get(*position)
            && one.watches_for(trigger, by)
        {
            one.strike(witness, *caller, || name.clone());
        }
    }
}

// === impl RouteBoxes ===

impl RouteBoxes {
    pub(crate) fn new(route: &Route) -> Self {
        let on = (route.bans.iter()).filter(|policy| policy.mode != Mode::Off);
        let boxes: Vec<_> = on.map(RouteBox::new).collect();
        let needs = boxes.iter().map(|one| one.callers.needs()).max();
        Self {
            boxes,
            needs: needs.unwrap_or_default(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    pub(crate) const fn needs(&self) -> Needs {
        self.needs
    }

    /// The boxes themselves, for whoever shows them.
    pub(crate) fn each(&self) -> impl Iterator<Item = &PenaltyBox> {
        self.boxes.iter().map(|one| &*one.of)
    }
}

// === impl RouteBox ===

impl RouteBox {
    fn new(policy: &policy::BanPolicy) -> Self {
        // What is only watched is another box: its bans must never become those of one that acts.
        let names = ["box", &policy.name, policy.mode.as_str()];
        Self {
            of: Arc::new(PenaltyBox {
                name: policy.name.as_str().into(),
                mode: policy.mode,
                penalty: Penalty::new(policy),
            }),
            trigger: policy.trigger.clone(),
            callers: CallerRule::new(&names, &policy.key, UnknownCaller::Allow),
        }
    }

    fn watches_for(&self, trigger: Trigger<'_>, by: Mode) -> bool {
        if by == Mode::Shadow && self.of.mode == Mode::Enforce {
            return false;
        }
        match (&self.trigger, trigger) {
            (BanTrigger::Limited(None), Trigger::Limited(_)) => true,
            (BanTrigger::Limited(Some(name)), Trigger::Limited(limit)) => name == limit,
            (BanTrigger::Score(least), Trigger::Score { before, after }) => {
                before < *least && after >= *least
            }
            (BanTrigger::Status(statuses), Trigger::Status(status)) => {
                statuses.contains(&status.as_u16())
            }
            _ => false,
        }
    }

    fn strike(&self, witness: &Witness, caller: u128, name: impl Fn() -> Box<str>) {
        let penalties = &witness.sidecar.penalties;
        let struck = penalties.strike(&self.of, caller, clock::monotonic(), &name);
        let Struck::Began(ban) = struck else {
            return;
        };
        let action = match self.of.mode {
            Mode::Enforce => SecurityAction::Noted,
            Mode::Off | Mode::Shadow => SecurityAction::Shadowed,
        };
        let evidence = format!("{}, {} s, ban {}", name(), ban.lasts.as_secs(), ban.nth);
        witness.tell(
            SecurityKind::BanBegan,
            action,
            Some(&self.of.name),
            &evidence,
        );
    }

    /// The caller in words that may be shown to an operator: addresses as they are, and of all else
    /// only a part of a hash that is good for this process.
    fn name(&self, caller: u128, client: IpAddr) -> Box<str> {
        name(self.callers.key(), caller, client)
    }
}

fn name(key: &CallerKey, caller: u128, client: IpAddr) -> Box<str> {
    let shown = |part: &CallerPart| match part {
        CallerPart::ClientIp => match limit_key_ip(client) {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("{ip}/64"),
        },
        other => other.to_string(),
    };
    let mut name = match key.parts.is_empty() {
        true => key.to_string(),
        false => key.parts.iter().map(shown).collect::<Vec<_>>().join("+"),
    };
    let hidden = |part: &CallerPart| *part != CallerPart::ClientIp;
    if key.parts.iter().any(hidden) {
        let hash = format!("#{:012x}", caller >> 80);
        let mut room = name.len().min(PenaltyBoxes::LONGEST_NAME - hash.len());
        while !name.is_char_boundary(room) {
            room -= 1;
        }
        name.truncate(room);
        name.push_str(&hash);
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: Vec<CallerPart>, client: &str) -> String {
        let client = client.parse().unwrap();
        name(&CallerKey { parts }, 0xabcd << 80, client).into()
    }

    #[test]
    fn only_addresses_are_shown_as_they_are() {
        let header = CallerPart::Header(http::header::AUTHORIZATION);
        for (parts, client, wanted) in [
            (vec![], "192.0.2.1", "everybody"),
            (vec![CallerPart::ClientIp], "192.0.2.1", "192.0.2.1"),
            (vec![CallerPart::ClientIp], "2001:db8::7", "2001:db8::/64"),
            (
                vec![CallerPart::ClientIp, header.clone()],
                "192.0.2.1",
                "192.0.2.1+header:authorization#00000000abcd",
            ),
            (
                vec![header],
                "192.0.2.1",
                "header:authorization#00000000abcd",
            ),
        ] {
            assert_eq!(shown(parts, client), wanted);
        }
        let long = CallerPart::Cookie("é".repeat(500));
        assert!(shown(vec![long], "192.0.2.1").len() <= PenaltyBoxes::LONGEST_NAME);
    }
}
