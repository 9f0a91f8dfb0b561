use std::collections::HashSet;

use engine::{
    health::{Standing, check::CheckOutcome, outlier},
    identity::KeysRefreshed,
    mirror::CopyOutcome,
    outcome::{BreachOutcome, EncodeOutcome},
    retry::{Reason, Stop},
    security::{SecurityAction, SecurityKind},
};
use policy::AttackCategory;

use super::*;
use crate::metrics::{HedgeOutcome, RetryOutcome};

fn check<W: Word>() {
    let mut seen = HashSet::new();
    for (place, value) in W::ALL.iter().enumerate() {
        assert_eq!(value.slot(), place, "{}", value.word());
        assert!(seen.insert(value.word()), "{} twice", value.word());
    }
}

#[test]
fn every_word_has_its_own_place() {
    check::<CodeClass>();
    check::<MethodLabel>();
    check::<BatchOutcome>();
    check::<MemberOutcome>();
    check::<CacheOutcome>();
    check::<StoreOutcome>();
    check::<JoinOutcome>();
    check::<LimitDecision>();
    check::<EncodeOutcome>();
    check::<BreachOutcome>();
    check::<Failure>();
    check::<ShieldDecision>();
    check::<AttackCategory>();
    check::<Blame>();
    check::<Mode>();
    check::<Refreshed>();
    check::<CheckOutcome>();
    check::<outlier::Reason>();
    check::<Standing>();
    check::<Reason>();
    check::<Stop>();
    check::<RetryOutcome>();
    check::<HedgeOutcome>();
    check::<KeysRefreshed>();
    check::<SecurityKind>();
    check::<SecurityAction>();
    check::<CopyOutcome>();
    assert_eq!(UpstreamOutcome::all_words().len(), UpstreamOutcome::COUNT);
}

#[test]
fn a_status_beyond_599_is_a_server_error() {
    assert_eq!(CodeClass::of(999), CodeClass::ServerError);
    assert_eq!(CodeClass::of(0), CodeClass::None);
    assert_eq!(CodeClass::of(204).word(), "2xx");
}
