//! Which requests are copied to another upstream.
//!
//! A copy is for whoever wants to know how another version does with real traffic. It must never
//! cost the original anything, so that whatever is in doubt is not copied: a body that is too large,
//! one that has not ended cleanly, and everything while there are enough copies under way.

use policy::{Mirror, Mode};

use crate::cache::draw::Draw;

/// Whether a request is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is, if there is room.
    Copy,
    /// It is not: another share of the requests is.
    Leave,
    /// It would be, if the policy were not in shadow mode.
    Shadow,
    /// It is not: its body is too large.
    TooLarge,
}

/// What came of a request that was drawn to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyOutcome {
    /// The other upstream has answered, whatever it said.
    Answered,
    /// The other upstream has not answered, or not to the end.
    Failed,
    /// Nothing: the policy is in shadow mode.
    Shadow,
    /// It was not sent: its body is too large.
    SkippedBody,
    /// It was not sent: there are as many copies under way as there may be, or no memory for one.
    SkippedBusy,
    /// It was not sent: the original's body did not end cleanly, or was not wanted.
    SkippedUnfinished,
}

/// Decides about a request whose body has `length` bytes, where that is known before it is here.
pub fn decide(policy: &Mirror, length: Option<u64>, draw: Draw) -> Decision {
    let drawn = draw.get() <= f64::from(policy.share.hundredths()) / 100.0;
    let too_large = length.is_some_and(|length| length > policy.max_body.bytes());
    match policy.mode {
        Mode::Enforce | Mode::Shadow if !drawn => Decision::Leave,
        Mode::Enforce | Mode::Shadow if too_large => Decision::TooLarge,
        Mode::Enforce => Decision::Copy,
        Mode::Off => Decision::Leave,
        Mode::Shadow => Decision::Shadow,
    }
}

// === impl CopyOutcome ===

impl CopyOutcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Failed,
        Self::Shadow,
        Self::SkippedBody,
        Self::SkippedBusy,
        Self::SkippedUnfinished,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Shadow => "shadow",
            Self::SkippedBody => "skipped-body",
            Self::SkippedBusy => "skipped-busy",
            Self::SkippedUnfinished => "skipped-unfinished",
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::{ByteSize, Percent};
    use proptest::prelude::*;

    use super::*;

    fn mirror(mode: Mode, share: u8) -> Mirror {
        Mirror {
            mode,
            upstream: 1,
            share: Percent::of(share),
            max_body: ByteSize::from_bytes(10),
            max_in_flight: 4,
        }
    }

    #[test]
    fn bodies_are_copied_up_to_the_limit_and_of_unknown_length() {
        let decide = |length| decide(&mirror(Mode::Enforce, 100), length, Draw::NEUTRAL);
        assert_eq!(decide(None), Decision::Copy);
        assert_eq!(decide(Some(0)), Decision::Copy);
        assert_eq!(decide(Some(10)), Decision::Copy);
        assert_eq!(decide(Some(11)), Decision::TooLarge);
    }

    #[test]
    fn a_mirror_in_shadow_copies_nothing_and_one_that_is_off_counts_nothing() {
        let decide = |mode| decide(&mirror(mode, 100), Some(0), Draw::of(0));
        assert_eq!(decide(Mode::Shadow), Decision::Shadow);
        assert_eq!(decide(Mode::Off), Decision::Leave);
    }

    #[test]
    fn the_share_is_kept_to() {
        for share in [0_u8, 1, 50, 99, 100] {
            let policy = mirror(Mode::Enforce, share);
            // Every hundredth of what can be drawn, once each.
            let draws = (0..100_u64).map(|at| Draw::of((u64::MAX / 100) * at + u64::MAX / 200));
            let copied = draws.filter(|draw| decide(&policy, None, *draw) == Decision::Copy);
            assert_eq!(copied.count(), usize::from(share));
        }
    }

    proptest! {
        #[test]
        fn all_or_nothing_does_not_depend_on_the_draw(bits in any::<u64>()) {
            let of = |share| decide(&mirror(Mode::Enforce, share), None, Draw::of(bits));
            prop_assert_eq!(of(0), Decision::Leave);
            prop_assert_eq!(of(100), Decision::Copy);
        }
    }
}
