//! SQL injection: does a value, put where a value belongs, end there and go on as SQL?
//!
//! Words do not tell: people search for "select a plan from the union jack". So a text is read as what
//! would stand behind a string that it ends with its first quote, for either quote, and as what would
//! stand in place of a number or a name. What has to follow is the shape of an attack: a condition
//! with both its sides and a proper end, a union with its select, a whole second statement. A name
//! like O'Brien goes on with a name, and so it is none.

use super::{
    rules::{Sign, Signs},
    text::{Bits, Text},
    tokens::{Kind, Tokens},
    words::{self, Word},
};

/// What a text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// A number.
    Number,
    /// The name of a column or a table.
    Name,
    /// What follows the quote that ends a string; `clean` if only a usual value stood before it.
    Quote { clean: bool },
}

/// A text as tokens, and what it is read as.
struct Reading<'t> {
    tokens: Tokens<'t>,
    start: Start,
}

/// Later quotes that are looked at from the second level on.
const LATER_QUOTES: usize = 4;

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    let mut found = Signs::NONE;
    if bits.any(Bits::QUOTE) {
        behind_quotes(text, &mut found);
    }
    in_place(text, &mut found);
    if bits.any(Bits::UNDERSCORE) || bits.any(Bits::QUOTE) {
        catalogue(text, &mut found);
    }
    signs.merge(if text.is_written() {
        in_text(found)
    } else {
        found
    });
    weak(text, signs);
}

/// The name of a parameter or a field.
pub(super) fn look_at_name(name: &[u8], signs: &mut Signs) {
    let at = name.iter().position(|it| *it == b'$');
    if let Some(at) = at
        && (at == 0 || name[at - 1] == b'[')
    {
        let word = word_at(name, at + 1);
        if matches!(
            word,
            b"ne"
                | b"gt"
                | b"gte"
                | b"lt"
                | b"lte"
                | b"in"
                | b"nin"
                | b"regex"
                | b"where"
                | b"exists"
        ) {
            signs.add(Sign::SqlOperatorName);
        }
    }
}

fn behind_quotes(text: &Text<'_>, found: &mut Signs) {
    for quote in [b'\'', b'"'] {
        let mut places = text.bytes.iter().enumerate();
        let mut places = places
            .by_ref()
            .filter(|(_, byte)| **byte == quote)
            .map(|(at, _)| at);
        if let Some(first) = places.next() {
            let clean = is_usual(&text.bytes[..first]);
            let mut here = Signs::NONE;
            Reading::new(text.bytes, first + 1, Start::Quote { clean }).judge(&mut here);
            found.merge(if text.is_talk_before(first) {
                in_text(here)
            } else {
                here
            });
        }
        if !text.is_strict() {
            continue;
        }
        for later in places.take(LATER_QUOTES) {
            let mut other = Signs::NONE;
            let start = Start::Quote { clean: false };
            Reading::new(text.bytes, later + 1, start).judge(&mut other);
            if !other.is_empty() {
                found.add(Sign::SqlInText);
            }
        }
    }
}

/// What signs are worth where people talk about SQL.
fn in_text(found: Signs) -> Signs {
    let mut told = Signs::NONE;
    if !found.is_empty() {
        told.add(Sign::SqlInText);
    }
    told
}

/// The text in place of a number or a name.
fn in_place(text: &Text<'_>, found: &mut Signs) {
    let Some(first) = text.bytes.iter().find(|it| !it.is_ascii_whitespace()) else {
        return;
    };
    let shaped = Bits::SPACE | Bits::PARENTHESIS | Bits::SEMICOLON | Bits::STAR | Bits::OPERATOR;
    let shaped = shaped | Bits::PIPE | Bits::AMPERSAND | Bits::PERCENT | Bits::CONTROL;
    if !text.bits.any(shaped) {
        return;
    }
    let names = Bits::PARENTHESIS | Bits::SEMICOLON | Bits::STAR | Bits::EQUALS | Bits::COMMA;
    if first.is_ascii_alphabetic() && !text.bits.any(names) {
        return;
    }
    let tokens = Tokens::read(text.bytes, 0);
    if text.is_strict()
        && matches!(
            tokens.kind(0),
            Kind::Word(Word::Select | Word::Statement | Word::Union)
        )
        && is_statement(&tokens, 0)
    {
        found.add(Sign::SqlStatement);
    }
    let sign = |kind| kind == Kind::Arithmetic || kind == Kind::Open;
    let at = tokens.skip(0, sign);
    match tokens.kind(at) {
        Kind::Number | Kind::Variable | Kind::Word(Word::Literal) => {
            Reading {
                tokens,
                start: Start::Number,
            }
            .follow(at + 1, found);
        }
        Kind::Name => {
            let mut after = at + 1;
            while tokens.kind(after) == Kind::Dot && tokens.kind(after + 1) == Kind::Name {
                after += 2;
            }
            Reading {
                tokens,
                start: Start::Name,
            }
            .follow(after, found);
        }
        Kind::Close | Kind::Logic | Kind::Semicolon => {
            Reading {
                tokens,
                start: Start::Number,
            }
            .follow(at, found);
        }
        _ => whole(&tokens, at, found),
    }
}

/// A text that is a subquery, a union or a perilous call from its beginning on.
fn whole(tokens: &Tokens<'_>, at: usize, found: &mut Signs) {
    let opened = at > 0 && tokens.kind(at - 1) == Kind::Open;
    match tokens.kind(at) {
        Kind::Word(Word::Union) if is_union(tokens, at) && lists(tokens, at) => {
            found.add(Sign::SqlUnion);
        }
        Kind::Word(Word::Select) if opened && is_select(tokens, at) => found.add(Sign::SqlSubquery),
        Kind::Word(Word::Peril) if ends_properly(tokens, tokens.closed(at + 1)) => {
            // Programs sleep as well.
            found.add(if tokens.text(at) == b"sleep" && tokens.len() <= 4 {
                Sign::SqlCatalogue
            } else {
                Sign::SqlPeril
            });
        }
        Kind::Word(Word::Function | Word::Case) if peril_within(tokens, at) => {
            if tokens.text(at) == b"if" || tokens.kind(at) == Kind::Word(Word::Case) {
                found.add(Sign::SqlPeril);
            }
        }
        Kind::Word(Word::Group) | Kind::Word(Word::Having) if is_clause(tokens, at) => {
            if tokens.kind(tokens.len() - 1) == Kind::Comment {
                found.add(Sign::SqlClause);
            }
        }
        _ => {}
    }
}

/// Words that do not stand in an expression at all.
fn catalogue(text: &Text<'_>, found: &mut Signs) {
    let mut names = words_of(text.bytes);
    if names.any(words::is_catalogue) {
        found.add(Sign::SqlCatalogue);
    }
}

/// What counts from the third level on.
fn weak(text: &Text<'_>, signs: &mut Signs) {
    if !text.is_severe() {
        return;
    }
    let bits = text.bits;
    let comment = text
        .bytes
        .windows(2)
        .any(|it| matches!(it, b"--" | b"/*" | b"*/"));
    if bits.any(Bits::QUOTE | Bits::SEMICOLON) || comment {
        signs.add(Sign::SqlCharacters);
    }
    let beside = |pair: &[u8]| {
        matches!(pair[0], b'\'' | b'"') && is_operator(pair[1])
            || matches!(pair[1], b'\'' | b'"') && is_operator(pair[0])
    };
    if text.bytes.windows(2).any(beside) {
        signs.add(Sign::SqlQuoted);
    }
    let sql = |word: &&[u8]| {
        matches!(
            words::meaning(word, false),
            Some(Kind::Word(
                Word::Select
                    | Word::Union
                    | Word::From
                    | Word::Where
                    | Word::Statement
                    | Word::Having
                    | Word::Into
            ))
        )
    };
    if words_of(text.bytes).filter(sql).take(2).count() == 2 {
        signs.add(Sign::SqlWords);
    }
}

fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'=' | b'<' | b'>' | b'|' | b'&' | b'+' | b'-' | b'*' | b'#' | b';' | b')' | b'('
    )
}

/// Runs of letters, digits and underscores.
pub(super) fn words_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|it| !it.is_ascii_alphanumeric() && *it != b'_')
        .filter(|word| !word.is_empty())
}

fn word_at(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_');
    &rest[..end.unwrap_or(rest.len())]
}

/// What a value looks like that somebody has to end with a quote: a word, a name, a number, an address.
fn is_usual(prefix: &[u8]) -> bool {
    prefix.len() <= 40
        && prefix.iter().all(|it| {
            it.is_ascii_alphanumeric()
                || matches!(it, b' ' | b'_' | b'.' | b'@' | b'-' | b'%' | b'\\')
                || *it >= 0x80
        })
}

/// `union [all] [(] select`.
fn is_union(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.skip(at + 1, |it| {
        matches!(it, Kind::Word(Word::All) | Kind::Open)
    });
    tokens.kind(next) == Kind::Word(Word::Select)
}

/// Whether what a union selects is a list, or something that only SQL has.
fn lists(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.skip(at + 1, |it| {
        matches!(it, Kind::Word(Word::All | Word::Select) | Kind::Open)
    });
    is_selected(tokens, next)
}

/// What can stand behind `select` in SQL, and not in a sentence.
fn is_selected(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.kind(at) {
        Kind::Number
        | Kind::Text
        | Kind::Variable
        | Kind::Arithmetic
        | Kind::Open
        | Kind::Word(Word::Literal | Word::Function | Word::Peril | Word::Case) => true,
        Kind::Word(Word::All) => is_selected(tokens, at + 1),
        Kind::Name => {
            matches!(tokens.kind(at + 1), Kind::Comma | Kind::Dot | Kind::Logic)
                || tokens.kind(at + 1) == Kind::Word(Word::From)
                    && tokens.kind(at + 2) == Kind::Name
        }
        _ => false,
    }
}

fn is_select(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.kind(at) == Kind::Word(Word::Select) && is_selected(tokens, at + 1)
}

/// Whether a statement that changes something, or selects, begins here.
fn is_statement(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.kind(at + 1);
    match tokens.kind(at) {
        Kind::Word(Word::Select) => is_selected(tokens, at + 1),
        Kind::Word(Word::Union) => is_union(tokens, at),
        Kind::Word(Word::Set) => next == Kind::Variable,
        Kind::Word(Word::Statement) => match tokens.text(at) {
            b"drop" | b"alter" | b"create" | b"rename" | b"backup" => {
                matches!(next, Kind::Word(Word::Object))
                    || matches!(
                        tokens.text(at + 1),
                        b"user" | b"procedure" | b"function" | b"or"
                    )
            }
            b"truncate" => next == Kind::Word(Word::Object) || next == Kind::Name,
            b"insert" | b"merge" | b"replace" => next == Kind::Word(Word::Into),
            b"delete" => next == Kind::Word(Word::From),
            b"update" => (2..6).any(|it| tokens.kind(at + it) == Kind::Word(Word::Set)),
            b"declare" => next == Kind::Variable,
            b"shutdown" => matches!(next, Kind::End | Kind::Comment | Kind::Semicolon),
            b"waitfor" => matches!(tokens.text(at + 1), b"delay" | b"time"),
            b"exec" | b"execute" | b"call" => matches!(
                next,
                Kind::Name | Kind::Variable | Kind::Open | Kind::Text | Kind::Word(_)
            ),
            b"copy" | b"grant" | b"handler" => matches!(next, Kind::Name | Kind::Word(_)),
            _ => false,
        },
        Kind::Word(Word::Function) => matches!(tokens.text(at), b"exec" | b"execute"),
        Kind::Word(Word::Peril) => true,
        _ => false,
    }
}

/// `order by 3`, `having 1=1`, `limit 1 offset 2`, `into outfile`.
fn is_clause(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.kind(at + 1);
    match tokens.kind(at) {
        Kind::Word(Word::Group) => {
            next == Kind::Word(Word::By)
                && matches!(
                    tokens.kind(at + 2),
                    Kind::Number | Kind::Open | Kind::Word(_) | Kind::Name | Kind::Variable
                )
                && {
                    let dotted =
                        |it| matches!(it, Kind::Dot | Kind::Name | Kind::Comma | Kind::Number);
                    ends_properly(tokens, tokens.skip(at + 3, dotted))
                }
        }
        Kind::Word(Word::Having) => {
            matches!(next, Kind::Number | Kind::Text | Kind::Word(_) | Kind::Open)
                && tokens.kind(at + 2) != Kind::Name
        }
        Kind::Word(Word::Limit) => {
            next == Kind::Number && ends_properly(tokens, at + 2)
                || tokens.text(at) == b"procedure" && tokens.text(at + 1) == b"analyse"
        }
        Kind::Word(Word::Into) => {
            matches!(tokens.text(at + 1), b"outfile" | b"dumpfile") || next == Kind::Variable
        }
        _ => false,
    }
}

/// Whether nothing follows that only a sentence would have there.
fn ends_properly(tokens: &Tokens<'_>, at: usize) -> bool {
    let at = tokens.skip(at, |it| it == Kind::Close);
    match tokens.kind(at) {
        Kind::End
        | Kind::Comment
        | Kind::Semicolon
        | Kind::Logic
        | Kind::Arithmetic
        | Kind::Comma
        | Kind::Compare => true,
        Kind::Word(Word::Union) => is_union(tokens, at),
        Kind::Word(Word::Group) => tokens.kind(at + 1) == Kind::Word(Word::By),
        Kind::Word(Word::Limit | Word::Having | Word::Into) => is_clause(tokens, at),
        // `or 'a'='a` and the quote that the application puts behind it.
        Kind::Text => tokens.is_unfinished(at),
        _ => false,
    }
}

/// A subquery somewhere in the parentheses behind `at`.
fn subquery_within(tokens: &Tokens<'_>, at: usize) -> bool {
    (at..tokens.closed(at + 1)).any(|it| tokens.kind(it) == Kind::Open && is_select(tokens, it + 1))
}

/// A perilous call somewhere in the parentheses behind `at`.
fn peril_within(tokens: &Tokens<'_>, at: usize) -> bool {
    (at..tokens.len()).any(|it| tokens.kind(it) == Kind::Word(Word::Peril))
}

// === impl Reading ===

impl<'t> Reading<'t> {
    fn new(text: &'t [u8], at: usize, start: Start) -> Self {
        Self {
            tokens: Tokens::read(text, at),
            start,
        }
    }

    /// Judges what stands behind a quote.
    fn judge(&self, found: &mut Signs) {
        self.follow(0, found);
    }

    /// Judges what follows a value.
    fn follow(&self, at: usize, found: &mut Signs) {
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
            Kind::Word(Word::Statement) if is_statement(tokens, at) => {
                if matches!(tokens.text(at), b"waitfor" | b"exec" | b"execute")
                    && (quoted || self.start == Start::Number)
                {
                    found.add(Sign::SqlStacked);
                }
            }
            Kind::Arithmetic | Kind::Compare | Kind::Word(Word::Not) => self.expression(at, found),
            Kind::Comma => self.listed(at, found),
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
            Start::Number => firm && end == Kind::Comment,
            Start::Name => false,
        }
    }

    /// Both sides of a comparison, and what follows.
    fn comparison(&self, first: usize, compare: usize, found: &mut Signs) {
        let tokens = &self.tokens;
        let second = tokens.skip(compare + 1, |it| is_prefix(it) || it == Kind::Compare);
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
        let named = left == Kind::Name && right == Kind::Name;
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
            Kind::Word(Word::Function | Word::Peril) => Some(tokens.closed(at + 1)),
            Kind::Name => {
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
            _ => {}
        }
        let Start::Quote { clean: true } = self.start else {
            return;
        };
        let Some(after) = self.operand(first) else {
            return;
        };
        let compares = tokens.kind(at) != Kind::Arithmetic;
        let ends = match tokens.kind(after) {
            Kind::Comment => true,
            Kind::Semicolon => tokens.kind(after + 1) == Kind::Comment,
            Kind::End => compares && tokens.is_unfinished(first),
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
            _ => {}
        }
    }
}

/// What may stand before an operand.
fn is_prefix(kind: Kind) -> bool {
    matches!(kind, Kind::Arithmetic | Kind::Open | Kind::Word(Word::Not))
}
