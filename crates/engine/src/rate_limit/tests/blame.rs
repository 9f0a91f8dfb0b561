use super::*;
use crate::caller::Company;

const ALLOW: Verdict = Verdict::Allow {
    remaining: 1,
    reset: SECOND,
};
const WAIT: Verdict = Verdict::Wait {
    delay: SECOND,
    reset: SECOND,
};

#[test]
fn a_denial_is_the_callers_fault_when_it_would_be_one_all_the_same() {
    let denial = denied(SECOND);
    for (unhindered, blame) in [
        (ALLOW, Blame::Others),
        (WAIT, Blame::Others),
        (denial, Blame::Caller),
        (denial.blaming_others(), Blame::Others),
    ] {
        let told = denial.beside(unhindered);
        assert_eq!(told.blame(), Some(blame), "{unhindered:?}");
        // What it hears of the time is not changed by it.
        assert!(matches!(
            told,
            Verdict::Deny {
                retry_after: SECOND,
                ..
            }
        ));
        for verdict in [ALLOW, WAIT] {
            assert_eq!(verdict.beside(unhindered), verdict);
        }
    }
}

/// Trap 25: what one uses up of a quota that all share is nobody else's fault.
#[test]
fn nobody_is_to_blame_for_a_quota_that_all_share() {
    let denial = denied(SECOND);
    assert_eq!(denial.among(Company::Alone), denial);
    let blame = denial.among(Company::Shared).blame();
    assert_eq!(blame, Some(Blame::Others));
    for verdict in [ALLOW, WAIT] {
        assert_eq!(verdict.among(Company::Shared), verdict);
        assert_eq!(verdict.blame(), None);
    }
}

#[test]
fn nothing_hinders_but_the_quota() {
    let hindered = Ask {
        cost: 3,
        factor: Factor::new(0.2),
        queue: SECOND,
        ..Ask::new(SECOND)
    };
    let wanted = Ask {
        cost: 3,
        longest_wait: SECOND,
        queue: SECOND,
        ..Ask::new(SECOND)
    };
    assert_eq!(hindered.unhindered(), wanted);
    assert_eq!(Ask::new(SECOND).unhindered(), Ask::new(SECOND));
}
