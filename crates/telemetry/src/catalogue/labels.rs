//! Every label, and the values it can take.

use engine::{
    batch::{BatchOutcome, MemberOutcome},
    breaker::Position,
    capacity::ShedReason,
    compression::headroom::Headroom,
    discovery::Refreshed,
    failure::{Blame, Failure},
    health::{check::CheckOutcome, outlier},
    identity::KeysRefreshed,
    mirror::CopyOutcome,
    outcome::{
        BreachOutcome, CacheOutcome, EncodeOutcome, JoinOutcome, LimitDecision, StoreOutcome,
    },
    retry::{Reason, Stop},
    security::{SecurityAction, SecurityKind},
    transform::Trimmed,
};
use policy::{AttackCategory, Mode, Priority};

use super::{Label, Values};
use crate::{
    MethodLabel,
    metrics::{
        BreakerScope, ClientConnectionEnd, CloseReason, ConnectOutcome, ConnectionState,
        HedgeOutcome, RetryOutcome,
    },
    words::{CodeClass, ShieldDecision, UpstreamOutcome, words},
};

pub(super) const ATTACK_CATEGORY: Label = Label {
    name: "category",
    values: Values::Fixed(words::<AttackCategory>),
};

pub(super) const BATCH_MEMBER: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<MemberOutcome>),
};

pub(super) const BATCH_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<BatchOutcome>),
};

pub(super) const BLAME: Label = Label {
    name: "blame",
    values: Values::Fixed(words::<Blame>),
};

pub(super) const BREACH_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<BreachOutcome>),
};

pub(super) const BREAKER: Label = Label {
    name: "breaker",
    values: Values::Configured("the name of a route or an upstream, as `scope` says"),
};

pub(super) const BREAKER_POSITION: Label = Label {
    name: "position",
    values: Values::Fixed(|| Position::ALL.map(Position::as_str).to_vec()),
};

pub(super) const BREAKER_SCOPE: Label = Label {
    name: "scope",
    values: Values::Fixed(|| BreakerScope::ALL.map(BreakerScope::as_str).to_vec()),
};

pub(super) const CACHE: Label = Label {
    name: "cache",
    values: Values::Fixed(words::<CacheOutcome>),
};

pub(super) const CACHE_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<CacheOutcome>),
};

pub(super) const CHECK_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<CheckOutcome>),
};

pub(super) const CLOSE_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(words::<CloseReason>),
};

pub(super) const CODE_CLASS: Label = Label {
    name: "code_class",
    values: Values::Fixed(words::<CodeClass>),
};

pub(super) const CONNECT_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<ConnectOutcome>),
};

pub(super) const CONNECTION_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<ClientConnectionEnd>),
};

pub(super) const COPY_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<CopyOutcome>),
};

pub(super) const DECISION: Label = Label {
    name: "decision",
    values: Values::Fixed(words::<LimitDecision>),
};

pub(super) const DIRECTION: Label = Label {
    name: "direction",
    values: Values::Fixed(|| vec!["in", "out"]),
};

pub(super) const HEADROOM: Label = Label {
    name: "state",
    values: Values::Fixed(|| Headroom::ALL.map(Headroom::as_str).to_vec()),
};

pub(super) const EJECTION_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(words::<outlier::Reason>),
};

pub(super) const ENCODE_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<EncodeOutcome>),
};

pub(super) const ENDPOINT: Label = Label {
    name: "endpoint",
    values: Values::Configured(
        "`host:port` of an endpoint, `none` when none was reached, or `other` beyond 1024 of them",
    ),
};

pub(super) const EVICTION_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(|| vec!["expired", "explicit", "replaced", "size"]),
};

pub(super) const FAILURE: Label = Label {
    name: "failure",
    values: Values::Fixed(words::<Failure>),
};

pub(super) const HEDGE_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<HedgeOutcome>),
};

pub(super) const JOIN_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<JoinOutcome>),
};

pub(super) const KEYS_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<KeysRefreshed>),
};

pub(super) const LIMIT: Label = Label {
    name: "limit",
    values: Values::Configured("the name of a limit"),
};

pub(super) const METHOD: Label = Label {
    name: "method",
    values: Values::Fixed(words::<MethodLabel>),
};

pub(super) const MODE: Label = Label {
    name: "mode",
    values: Values::Fixed(words::<Mode>),
};

pub(super) const PENALTY_BOX: Label = Label {
    name: "box",
    values: Values::Configured(
        "the name of a penalty box; routes with a box of the same name share it",
    ),
};

pub(super) const PRIORITY: Label = Label {
    name: "class",
    values: Values::Fixed(|| Priority::ALL.map(Priority::as_str).to_vec()),
};

pub(super) const PURGE_MANNER: Label = Label {
    name: "manner",
    values: Values::Fixed(|| vec!["hard", "soft"]),
};

pub(super) const REFRESH_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<Refreshed>),
};

pub(super) const RENEWAL_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(|| vec!["failed", "succeeded"]),
};

pub(super) const RETRY_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<RetryOutcome>),
};

pub(super) const RETRY_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(words::<Reason>),
};

pub(super) const RETRY_STOP: Label = Label {
    name: "reason",
    values: Values::Fixed(words::<Stop>),
};

pub(super) const ROUTE: Label = Label {
    name: "route",
    values: Values::Configured("the name of a route, or `none` when no route was found"),
};

pub(super) const SECURITY_ACTION: Label = Label {
    name: "action",
    values: Values::Fixed(words::<SecurityAction>),
};

pub(super) const SECURITY_KIND: Label = Label {
    name: "kind",
    values: Values::Fixed(words::<SecurityKind>),
};

pub(super) const SECURITY_LOG_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(|| vec!["rate", "reader"]),
};

pub(super) const SHED_REASON: Label = Label {
    name: "reason",
    values: Values::Fixed(|| ShedReason::ALL.map(ShedReason::as_str).to_vec()),
};

pub(super) const SHIELD_DECISION: Label = Label {
    name: "decision",
    values: Values::Fixed(words::<ShieldDecision>),
};

pub(super) const STATE: Label = Label {
    name: "state",
    values: Values::Fixed(words::<ConnectionState>),
};

pub(super) const STORE_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<StoreOutcome>),
};

pub(super) const UPSTREAM: Label = Label {
    name: "upstream",
    values: Values::Configured("the name of an upstream"),
};

pub(super) const UPSTREAM_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(UpstreamOutcome::all_words),
};

pub(super) const VERSION: Label = Label {
    name: "version",
    values: Values::Configured("the version of the program"),
};

pub(super) const TRANSFORM_OUTCOME: Label = Label {
    name: "outcome",
    values: Values::Fixed(words::<Trimmed>),
};
