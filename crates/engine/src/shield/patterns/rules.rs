//! The rules: what each is called, from which level of paranoia on it counts, and what it is worth.
//!
//! Numbers are for good: exclusions in an operator's file name them. The thousands are the category,
//! the hundreds the level of paranoia less one. What is worth five points refuses a request alone at
//! the usual threshold; what is worth less has to come with something else.

mod page;

use policy::AttackCategory;

pub use self::page::reference_markdown;

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number, as exclusions and events name it.
    pub number: u16,
    /// The level of paranoia from which on it counts, 1 to 4.
    pub paranoia: u8,
    /// What it is worth: 5 critical, 4 error, 3 warning, 2 notice.
    pub points: u8,
    /// What it means when it matches.
    pub reason: &'static str,
}

/// A sign of an attack: the place of its rule in [`RULES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    SqlCondition,
    SqlUnion,
    SqlStacked,
    SqlCommentedOut,
    SqlPeril,
    SqlSubquery,
    SqlClause,
    SqlExpression,
    SqlCatalogue,
    SqlInText,
    SqlStatement,
    SqlNumberComment,
    SqlOperatorName,
    SqlWords,
    SqlQuoted,
    SqlCharacters,
    XssScript,
    XssHandler,
    XssScheme,
    XssEmbedded,
    XssAttribute,
    XssStringBreak,
    XssWords,
    XssStyle,
    XssTemplate,
    XssActive,
    XssFrame,
    XssTag,
    XssCharacters,
    PathClimb,
    PathSensitive,
    PathNul,
    PathEncoded,
    PathWrapper,
    PathHidden,
    PathStep,
    PathUnc,
    PathClimbInText,
    PathMentioned,
    PathDots,
    PathCharacters,
    CommandAfter,
    CommandSubstituted,
    CommandFunction,
    CommandLookup,
    CommandShell,
    CommandHidden,
    CommandCode,
    CommandInclude,
    CommandInText,
    CommandTemplate,
    CommandWord,
    CommandCharacters,
}

/// A set of signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs(u64);

const fn rule(number: u16, points: u8, reason: &'static str) -> Rule {
    Rule {
        number,
        paranoia: (number / 100 % 10) as u8 + 1,
        points,
        reason,
    }
}

/// Every rule, by number.
pub static RULES: [Rule; 53] = [
    rule(
        1001,
        5,
        "a condition that is always true or false follows a value",
    ),
    rule(1002, 5, "`UNION SELECT` follows a value"),
    rule(1003, 5, "a second statement follows a value"),
    rule(
        1004,
        5,
        "a quote ends a string, and a comment hides the rest",
    ),
    rule(
        1005,
        5,
        "a function that waits, reads files or tells by errors stands in an expression",
    ),
    rule(1006, 5, "a subquery stands in an expression"),
    rule(
        1007,
        5,
        "`ORDER BY`, `GROUP BY`, `HAVING`, `LIMIT` or `INTO` follows a value",
    ),
    rule(1008, 5, "a quote ends a string, and an operator goes on"),
    rule(
        1009,
        3,
        "tables that databases keep about themselves, or procedures of the system",
    ),
    rule(
        1101,
        5,
        "SQL as in 1001 to 1008 behind a later quote, or in running text",
    ),
    rule(1102, 4, "a whole statement"),
    rule(1103, 3, "a comment follows a number"),
    rule(
        1104,
        5,
        "an operator of a document database is the name of a field",
    ),
    rule(1201, 3, "several words of SQL"),
    rule(
        1202,
        3,
        "a quote beside an operator, a comment or a semicolon",
    ),
    rule(1301, 2, "a quote, a semicolon or a comment"),
    rule(2001, 5, "an element that runs a script"),
    rule(2002, 5, "an event handler on an element"),
    rule(2003, 5, "a URL that is a script"),
    rule(
        2004,
        5,
        "an element that brings in a document or changes what URLs mean",
    ),
    rule(
        2005,
        5,
        "a quote ends an attribute, and an event handler follows",
    ),
    rule(
        2006,
        5,
        "a quote ends a string of a script, and a call follows",
    ),
    rule(2007, 3, "words of scripts that steal or hide"),
    rule(2008, 5, "a style that runs a script"),
    rule(2009, 5, "a template expression that reaches a constructor"),
    rule(
        2101,
        4,
        "a script or an event handler, with nothing bad in it",
    ),
    rule(2102, 4, "a frame, an object or a form"),
    rule(2201, 3, "any element of HTML"),
    rule(2301, 2, "an angle bracket"),
    rule(
        3001,
        5,
        "steps out of several directories, or to a file that is nobody's business",
    ),
    rule(3002, 5, "the value is a file that is nobody's business"),
    rule(3003, 5, "a null byte"),
    rule(
        3004,
        5,
        "steps out of a directory that are hidden by encodings",
    ),
    rule(
        3005,
        5,
        "a URL scheme that reads local files or starts programs",
    ),
    rule(3006, 5, "the path asks for a hidden or private file"),
    rule(3007, 3, "a step out of a directory"),
    rule(3101, 4, "a share of another machine"),
    rule(3102, 4, "steps out of directories within text"),
    rule(3103, 4, "a sensitive file is mentioned"),
    rule(3201, 3, "two dots beside a slash"),
    rule(3301, 2, "an absolute path as a value"),
    rule(4001, 5, "a separator of the shell, and a command"),
    rule(4002, 5, "a command that is substituted"),
    rule(4003, 5, "a function definition of the shell in a header"),
    rule(4004, 5, "a lookup in a log message"),
    rule(
        4005,
        5,
        "a shell is started, or a command reads a sensitive file",
    ),
    rule(4006, 5, "a command that is written to be overlooked"),
    rule(
        4007,
        5,
        "a call that starts programs in a programming language",
    ),
    rule(4008, 5, "a server-side include"),
    rule(
        4101,
        4,
        "a command as in 4001 to 4007 in running text or in a script",
    ),
    rule(
        4102,
        4,
        "a template expression that calculates or walks through classes",
    ),
    rule(
        4201,
        3,
        "a character of the shell, and the name of a command",
    ),
    rule(4301, 2, "a character that means something to a shell"),
];

// === impl Rule ===

impl Rule {
    /// The kind of attack it belongs to.
    pub const fn category(&self) -> AttackCategory {
        match self.number / 1000 {
            1 => AttackCategory::SqlInjection,
            2 => AttackCategory::Xss,
            3 => AttackCategory::PathTraversal,
            _ => AttackCategory::CommandInjection,
        }
    }
}

// === impl Sign ===

impl Sign {
    const fn bit(self) -> u64 {
        1 << self as u8
    }
}

// === impl Signs ===

impl Signs {
    pub(super) const NONE: Self = Self(0);

    /// The signs that count for these categories at this level of paranoia.
    pub(super) fn counting(categories: &[AttackCategory], paranoia: u8) -> Self {
        let counts =
            |rule: &Rule| rule.paranoia <= paranoia && categories.contains(&rule.category());
        let bits = RULES.iter().enumerate();
        Self(bits.fold(0, |set, (at, rule)| set | u64::from(counts(rule)) << at))
    }

    pub(super) fn add(&mut self, sign: Sign) {
        self.0 |= sign.bit();
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether any sign of a category, given by the thousands of its rules, is among them.
    pub(super) fn any_of(self, category: AttackCategory) -> bool {
        self.rules().any(|rule| rule.category() == category)
    }

    #[cfg(test)]
    pub(super) const fn has(self, sign: Sign) -> bool {
        self.0 & sign.bit() != 0
    }

    /// The rules of the signs, by number.
    pub(super) fn rules(self) -> impl Iterator<Item = &'static Rule> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            RULES.get(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_stands_where_its_rule_does() {
        for (sign, number) in [
            (Sign::SqlCondition, 1001),
            (Sign::SqlCatalogue, 1009),
            (Sign::SqlInText, 1101),
            (Sign::SqlWords, 1201),
            (Sign::SqlCharacters, 1301),
            (Sign::XssScript, 2001),
            (Sign::XssTemplate, 2009),
            (Sign::XssActive, 2101),
            (Sign::XssTag, 2201),
            (Sign::XssCharacters, 2301),
            (Sign::PathClimb, 3001),
            (Sign::PathStep, 3007),
            (Sign::PathUnc, 3101),
            (Sign::PathDots, 3201),
            (Sign::PathCharacters, 3301),
            (Sign::CommandAfter, 4001),
            (Sign::CommandInclude, 4008),
            (Sign::CommandInText, 4101),
            (Sign::CommandWord, 4201),
            (Sign::CommandCharacters, 4301),
        ] {
            assert_eq!(RULES[sign as usize].number, number);
        }
        assert!(RULES.is_sorted_by(|one, next| one.number < next.number));
        assert!(RULES.iter().all(|rule| (2..=5).contains(&rule.points)));
        assert_eq!(Sign::CommandCharacters as usize, RULES.len() - 1);
    }

    #[test]
    fn categories_and_levels_are_chosen() {
        let sql = Signs::counting(&[AttackCategory::SqlInjection], 1);
        assert_eq!(sql.rules().count(), 9);
        assert!(sql.has(Sign::SqlUnion) && !sql.has(Sign::SqlStatement));
        assert!(!sql.any_of(AttackCategory::Xss));
        let all = Signs::counting(&AttackCategory::ALL, 4);
        assert_eq!(all.rules().count(), RULES.len());
    }
}
