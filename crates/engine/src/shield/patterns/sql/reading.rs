//! What follows a value, token by token.

use super::{
    super::{
        rules::{Sign, Signs},
        tokens::{Kind, Tokens},
        words::Word,
    },
    deeper,
    shapes::{
        ends_properly, is_clause, is_select, is_statement, is_union, lists, peril_within,
        subquery_within,
    },
};

/// What a text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A number.
    Number,
    /// The name of a column or a table.
    Name,
    /// What follows the quote that ends a string; `clean` if only a usual value stood before it.
    Quote { clean: bool },
}

/// A text as tokens, and what it is read as.
pub(super) struct Reading<'t> {
    pub(super) tokens: Tokens<'t>,
    pub(super) start: Start,
}

// === impl Reading ===

impl<'t> Reading<'t> {
    pub(super) fn new(text: &'t [u8], at: usize, start: Start) -> Self {
        Self {
            tokens: Tokens::read(text, at),
            start,
        }
    }

    /// Judges what stands behind a quote.
    pub(super) fn judge(&self, found: &mut Signs) {
        self.follow(0, found);
    }

    /// Judges what follows a value, and then what stands further on.
    pub(super) fn follow(&self, at: usize, found: &mut Signs) {
        let before = *found;
        self.next(at, found);
        if *found == before {
            self.further(at, found);
        }
    }

    fn further(&self, at: usize, found: &mut Signs) {
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

    /// Judges what directly follows a value.
    fn next(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let closed = at;
        let at = tokens.skip(at, |it| it == Kind::Close);
        let quoted = matches!(self.start, Start::Quote { .. });
        match tokens.kind(at) {
            Kind::Logic => self.condition(at, found),
            Kind::Semicolon => self.second_statement(at, found),
            Kind::Comment if quoted => self.comment(at, found),
            Kind::Comment if self.start == Start::Number && at == closed => {
                found.add(Sign::SqlNumberComment);
            }
            Kind::Word(Word::Union) if is_union(tokens, at) && (quoted || lists(tokens, at)) => {
                found.add(Sign::SqlUnion);
            }
            Kind::Word(Word::Group | Word::Having | Word::Limit | Word::Into)
                if is_clause(tokens, at)
                    && (self.start == Start::Number || quoted || self.is_commented()) =>
            {
                found.add(Sign::SqlClause);
            }
            Kind::Word(Word::Statement)
                if is_statement(tokens, at)
                    && matches!(tokens.text(at), b"waitfor" | b"exec" | b"execute")
                    && self.start != Start::Name =>
            {
                found.add(Sign::SqlStacked);
            }
            Kind::Arithmetic | Kind::Compare | Kind::Word(Word::Not) => self.expression(at, found),
            Kind::Comma => self.listed(at, found),
            Kind::Open if quoted && is_select(tokens, at + 1) => found.add(Sign::SqlSubquery),
            _ => {}
        }
    }

    fn is_commented(&self) -> bool {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.kind(last) == Kind::Comment
    }

    /// `or 1=1` and what else can stand behind a logical operator.
    fn condition(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let symbol = matches!(tokens.text(at), b"||" | b"&&");
        let first = self.dotted(tokens.skip(at + 1, is_prefix));
        let opened = first > at + 1 && tokens.kind(first - 1) == Kind::Open;
        match tokens.kind(first) {
            Kind::Word(Word::Select) if opened => return found.add(Sign::SqlSubquery),
            Kind::Word(Word::Exists) => return found.add(Sign::SqlSubquery),
            Kind::Word(Word::Peril) => return found.add(Sign::SqlPeril),
            Kind::Word(Word::Case) => return found.add(Sign::SqlCondition),
            Kind::Word(Word::Function) if peril_within(tokens, first) => {
                return found.add(Sign::SqlPeril);
            }
            Kind::Word(Word::Function) if subquery_within(tokens, first) => {
                return found.add(Sign::SqlSubquery);
            }
            Kind::End | Kind::Comment => return,
            _ => {}
        }
        let Some(mut after) = self.operand(first) else {
            return;
        };
        // `or 1-1=0`
        while tokens.kind(after) == Kind::Arithmetic
            && let Some(next) = self.operand(tokens.skip(after + 1, is_prefix))
        {
            after = next;
        }
        let after = tokens.skip(after, |it| it == Kind::Close);
        match tokens.kind(after) {
            Kind::Compare | Kind::Word(Word::Not) => self.comparison(first, after, found),
            _ if self.is_true_alone(first, after, symbol) => found.add(Sign::SqlCondition),
            _ => {}
        }
    }

    /// A single value as a condition: `or 1--`.
    fn is_true_alone(&self, first: usize, after: usize, symbol: bool) -> bool {
        let tokens = &self.tokens;
        let firm = matches!(
            tokens.kind(first),
            Kind::Number | Kind::Variable | Kind::Word(Word::Literal | Word::Function)
        );
        let end = tokens.kind(after);
        match self.start {
            Start::Quote { clean } => {
                firm && (end == Kind::Comment
                    || clean && !symbol && matches!(end, Kind::End | Kind::Logic | Kind::Semicolon))
                    || tokens.kind(first) == Kind::Text && end == Kind::Comment
                    // 'x'||'y: a string put together, to see whether quotes are read.
                    || symbol && clean && tokens.is_unfinished(first) && end == Kind::End
                    || symbol && clean && firm && end == Kind::Logic && tokens.is_unfinished(after + 1)
            }
            Start::Number => {
                firm && end == Kind::Comment
                    || !symbol
                        && end == Kind::End
                        && tokens.kind(0) == Kind::Number
                        && self.is_truth(first)
            }
            Start::Name => false,
        }
    }

    /// `true`, and calls that no sentence has: `1 and get_lock('a',5)`.
    fn is_truth(&self, at: usize) -> bool {
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

    /// Both sides of a comparison, and what follows.
    fn comparison(&self, first: usize, compare: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let second = tokens.skip(compare + 1, |it| is_prefix(it) || it == Kind::Compare);
        let second = self.dotted(second);
        let (left, right) = (tokens.kind(first), tokens.kind(second));
        if right == Kind::Word(Word::Select) {
            return found.add(Sign::SqlSubquery);
        }
        if right == Kind::Word(Word::Peril) {
            return found.add(Sign::SqlPeril);
        }
        let Some(after) = self.operand(second) else {
            return;
        };
        let is_name = |it| matches!(it, Kind::Name | Kind::Word(Word::Object));
        let named = is_name(left) && is_name(right);
        let same = tokens.text(first) == tokens.text(second);
        let commented = self.is_commented();
        let proper =
            ends_properly(tokens, after) || right == Kind::Text && tokens.is_unfinished(second);
        let believed = match self.start {
            Start::Quote { .. } => !named || same || commented,
            Start::Number => !named || same || commented,
            // A filter such as `active and age > 3` is no attack.
            Start::Name => left == right && left != Kind::Name && same || commented && !named,
        };
        if proper && believed {
            found.add(Sign::SqlCondition);
        }
    }

    /// The called name at the end of `package.name(`, or the place itself.
    fn dotted(&self, at: usize) -> usize {
        let tokens = &self.tokens;
        let mut last = at;
        while tokens.kind(last) == Kind::Name && tokens.kind(last + 1) == Kind::Dot {
            last += 2;
        }
        match tokens.kind(last) {
            Kind::Word(Word::Function | Word::Peril) => last,
            _ => at,
        }
    }

    /// The place after an operand, if there is one.
    fn operand(&self, at: usize) -> Option<usize> {
        let tokens = &self.tokens;
        match tokens.kind(at) {
            Kind::Number | Kind::Text | Kind::Variable | Kind::Word(Word::Literal) => Some(at + 1),
            Kind::Word(Word::Function | Word::Peril) => {
                let mut after = tokens.closed(at + 1);
                // `f(x).g()`
                while tokens.kind(after) == Kind::Dot {
                    after = tokens.closed(after + 2);
                }
                Some(after)
            }
            // A column may be called `role` or `index`.
            Kind::Name | Kind::Word(Word::Object) => {
                let mut after = at + 1;
                while tokens.kind(after) == Kind::Dot {
                    after += 2;
                }
                Some(after)
            }
            _ => None,
        }
    }

    fn second_statement(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let next = tokens.skip(at + 1, |it| it == Kind::Semicolon);
        let selects = tokens.kind(next) == Kind::Word(Word::Select);
        let begins = matches!(
            tokens.text(0),
            b"begin" | b"commit" | b"rollback" | b"use" | b"start" | b"end"
        );
        let believed = match self.start {
            Start::Quote { .. } | Start::Number => true,
            Start::Name if begins => false,
            Start::Name => !selects || peril_within(tokens, next) || self.is_commented(),
        };
        if believed && is_statement(tokens, next) {
            found.add(Sign::SqlStacked);
        } else if matches!(self.start, Start::Quote { clean: true })
            && matches!(tokens.kind(next), Kind::Comment)
        {
            found.add(Sign::SqlCommentedOut);
        }
    }

    /// `admin'--`: a comment that hides no sentence.
    fn comment(&self, at: usize, found: &mut Signs) {
        let comment = self.tokens.text(at);
        let marks = |it: &&u8| matches!(it, b'-' | b'#' | b'/' | b'*' | b'+' | b' ' | b'\t');
        let rest = &comment[comment.iter().take_while(marks).count()..];
        let short = rest.len() <= 12 && rest.iter().all(u8::is_ascii_alphanumeric);
        let hash = comment.first() == Some(&b'#') && !rest.is_empty();
        if self.start == (Start::Quote { clean: true }) && short && !hash {
            found.add(Sign::SqlCommentedOut);
        }
    }

    /// What an operator behind a value goes on with.
    fn expression(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        // `%` is what `like` patterns begin with.
        if tokens.text(at) == b"%" {
            return;
        }
        let first = self.dotted(tokens.skip(at, |it| is_prefix(it) || it == Kind::Compare));
        let opened = first > 0 && tokens.kind(first - 1) == Kind::Open;
        match tokens.kind(first) {
            Kind::Word(Word::Select) if opened => return found.add(Sign::SqlSubquery),
            Kind::Word(Word::Peril) => return found.add(Sign::SqlPeril),
            Kind::Word(Word::Function | Word::Case) if peril_within(tokens, first) => {
                return found.add(Sign::SqlPeril);
            }
            Kind::Word(Word::Function) if subquery_within(tokens, first) => {
                return found.add(Sign::SqlSubquery);
            }
            Kind::Word(Word::Case) if opened && deeper::chooses(tokens, first) => {
                return found.add(Sign::SqlCondition);
            }
            _ => {}
        }
        let Some(after) = self.operand(first) else {
            return;
        };
        let after = tokens.skip(after, |it| it == Kind::Close);
        if self.start == Start::Number && tokens.kind(at) == Kind::Arithmetic {
            // `1*1 and 1=1`
            match tokens.kind(after) {
                Kind::Logic => self.condition(after, found),
                Kind::Word(Word::Union) if is_union(tokens, after) && lists(tokens, after) => {
                    found.add(Sign::SqlUnion);
                }
                _ => {}
            }
            return;
        }
        if self.start != (Start::Quote { clean: true }) || self.is_quoted_word(at) {
            return;
        }
        let compares = tokens.kind(at) != Kind::Arithmetic;
        let ends = match tokens.kind(after) {
            Kind::Comment => true,
            Kind::Semicolon => tokens.kind(after + 1) == Kind::Comment,
            Kind::End => tokens.is_unfinished(first) && (compares || self.is_cut(at, first)),
            // '-0-', '+char(65)+'
            Kind::Arithmetic => {
                tokens.is_unfinished(after + 1) && tokens.kind(first) != Kind::Name
                    || matches!(tokens.kind(first), Kind::Number) && self.is_commented()
            }
            Kind::Logic => matches!(
                self.operand(tokens.skip(after + 1, is_prefix)),
                Some(next) if ends_properly(tokens, next)
            ),
            _ => false,
        };
        if ends {
            found.add(Sign::SqlExpression);
        }
    }

    /// `bob'+'`: a string is cut in two, with nothing else between the quotes.
    fn is_cut(&self, at: usize, second: usize) -> bool {
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
    fn is_quoted_word(&self, at: usize) -> bool {
        let tokens = &self.tokens;
        at == 0
            && matches!(tokens.byte_before(at), b'\'' | b'"')
            && tokens.byte_before(at + 1).is_ascii_alphabetic()
    }

    /// `name,(select ...)`, as in the place of an order.
    fn listed(&self, at: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let first = tokens.skip(at + 1, |it| it == Kind::Open);
        let opened = first > at + 1;
        match tokens.kind(first) {
            Kind::Word(Word::Select) if opened && is_select(tokens, first) => {
                found.add(Sign::SqlSubquery);
            }
            Kind::Word(Word::Peril) => found.add(Sign::SqlPeril),
            Kind::Word(Word::Case) if opened => found.add(Sign::SqlSubquery),
            Kind::Word(Word::Function) if peril_within(tokens, first) => found.add(Sign::SqlPeril),
            _ if deeper::where_constants(tokens, at) && self.start == Start::Number => {
                found.add(Sign::SqlCondition);
            }
            _ => {}
        }
    }
}

/// What may stand before an operand.
fn is_prefix(kind: Kind) -> bool {
    matches!(kind, Kind::Arithmetic | Kind::Open | Kind::Word(Word::Not))
}
