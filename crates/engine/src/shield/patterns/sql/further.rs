//! What is left to tell when the shape of what follows a value has told nothing.

use super::{
    super::{
        rules::{Sign, Signs},
        tokens::Kind,
        words::Word,
    },
    deeper,
    reading::{Reading, Start},
};

impl Reading<'_> {
    /// What stands further on than directly behind a value.
    pub(super) fn further(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        if self.start == Start::Name {
            let shows = matches!(
                tokens.kind(0),
                Kind::Word(Word::Select | Word::Statement | Word::Union)
            );
            if !shows && deeper::subquery(tokens, at) {
                found.add(Sign::SqlSubquery);
            }
            return;
        }
        let next = tokens.skip(at, |it| it == Kind::Close);
        let goes_on = matches!(
            tokens.kind(next),
            Kind::Arithmetic
                | Kind::Comma
                | Kind::Compare
                | Kind::Logic
                | Kind::Semicolon
                | Kind::Word(Word::Limit | Word::Group | Word::Where | Word::Having)
        );
        let clean = self.start == (Start::Quote { clean: true });
        if !goes_on {
            let clause = matches!(tokens.text(next), b"returning" | b"on");
            if clean && clause && self.is_commented() && next == 0 {
                if deeper::subquery(tokens, at) {
                    found.add(Sign::SqlSubquery);
                } else if tokens.text(1) == b"duplicate" {
                    found.add(Sign::SqlClause);
                }
            }
            return;
        }
        if deeper::subquery(tokens, at) {
            found.add(Sign::SqlSubquery);
        } else if deeper::peril(tokens, next) {
            found.add(Sign::SqlPeril);
        } else if deeper::where_constants(tokens, next) {
            found.add(Sign::SqlCondition);
        } else if clean && tokens.kind(next) == Kind::Comma && deeper::is_rest_of_list(tokens, next)
        {
            found.add(Sign::SqlCommentedOut);
        }
    }

    /// `true`, and calls that no sentence has: `1 and get_lock('a',5)`.
    pub(super) fn is_truth(&self, at: usize) -> bool {
        let tokens = &self.tokens;
        let glued = tokens.get(at).end == tokens.get(at + 1).start;
        let nested = (at + 2..tokens.len())
            .any(|it| matches!(tokens.kind(it), Kind::Word(Word::Function | Word::Literal)));
        match tokens.kind(at) {
            Kind::Word(Word::Literal) => matches!(tokens.text(at), b"true" | b"false"),
            Kind::Word(Word::Function) => glued && (nested || tokens.text(at).contains(&b'_')),
            _ => false,
        }
    }

    /// `bob'+'`: a string is cut in two, with nothing else between the quotes.
    pub(super) fn is_cut(&self, at: usize, second: usize) -> bool {
        let tokens = &self.tokens;
        let glued = tokens.get(at).end == tokens.get(second).start;
        let opened = tokens.get(at).start;
        let value = opened.checked_sub(2).map(|it| tokens.byte(it));
        at == 0
            && glued
            && tokens.text(second).len() <= 8
            && matches!(tokens.byte_before(at), b'\'' | b'"')
            && value.is_some_and(|it| it.is_ascii_alphanumeric())
    }

    /// A word in quotes that happens to be an operator: `'like'`.
    pub(super) fn is_quoted_word(&self, at: usize) -> bool {
        let tokens = &self.tokens;
        at == 0
            && matches!(tokens.byte_before(at), b'\'' | b'"')
            && tokens.byte_before(at + 1).is_ascii_alphabetic()
    }
}
