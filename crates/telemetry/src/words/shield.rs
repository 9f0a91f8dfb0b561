//! The words for what the shield says.

use engine::failure::ShieldRefusal;
use policy::AttackCategory;

use super::Word;

/// What a route's shield said to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShieldDecision {
    /// It may go on.
    Allow,
    /// It may not.
    Refuse(ShieldRefusal),
}

// === impl ShieldDecision ===

impl Word for ShieldDecision {
    const ALL: &'static [Self] = &[
        Self::Allow,
        Self::Refuse(ShieldRefusal::Address),
        Self::Refuse(ShieldRefusal::Attack),
        Self::Refuse(ShieldRefusal::BodyTooLong),
        Self::Refuse(ShieldRefusal::ContentType),
        Self::Refuse(ShieldRefusal::HeaderTooLong),
        Self::Refuse(ShieldRefusal::JsonTooDeep),
        Self::Refuse(ShieldRefusal::Method),
        Self::Refuse(ShieldRefusal::PathAmbiguous),
        Self::Refuse(ShieldRefusal::QueryTooLong),
        Self::Refuse(ShieldRefusal::UrlTooLong),
    ];

    fn slot(self) -> usize {
        match self {
            Self::Allow => 0,
            Self::Refuse(why) => match why {
                ShieldRefusal::Address => 1,
                ShieldRefusal::Attack => 2,
                ShieldRefusal::BodyTooLong => 3,
                ShieldRefusal::ContentType => 4,
                ShieldRefusal::HeaderTooLong => 5,
                ShieldRefusal::JsonTooDeep => 6,
                ShieldRefusal::Method => 7,
                ShieldRefusal::PathAmbiguous => 8,
                ShieldRefusal::QueryTooLong => 9,
                ShieldRefusal::UrlTooLong => 10,
            },
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse(why) => why.as_str(),
        }
    }
}

// === impl AttackCategory ===

impl Word for AttackCategory {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        match self {
            Self::CommandInjection => 0,
            Self::PathTraversal => 1,
            Self::SqlInjection => 2,
            Self::Xss => 3,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
