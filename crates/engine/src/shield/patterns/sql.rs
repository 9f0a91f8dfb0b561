//! SQL injection: does a value, put where a value belongs, end there and go on as SQL?
//!
//! Words do not tell: people search for "select a plan from the union jack". So a text is read as what
//! would stand behind a string that it ends with its first quote, for either quote, and as what would
//! stand in place of a number or a name. What has to follow is the shape of an attack: a condition
//! with both its sides and a proper end, a union with its select, a whole second statement. A name
//! like O'Brien goes on with a name, and so it is none.

mod deeper;
mod reading;
mod shapes;

use self::{
    reading::{Reading, Start},
    shapes::{ends_properly, is_clause, is_select, is_statement, is_union, lists, peril_within},
};
use super::{
    rules::{Sign, Signs},
    search::words_of,
    text::{Bits, Place, Text},
    tokens::{Kind, Tokens},
    words::{self, Word},
};

/// Later quotes that are looked at from the second level on.
const LATER_QUOTES: usize = 4;

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    let mut found = Signs::NONE;
    if bits.any(Bits::QUOTE | Bits::BACKTICK) {
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
        let word = words_of(&name[at + 1..]).next().unwrap_or_default();
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
    for quote in [b'\'', b'"', b'`'] {
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
    // A header that begins with a letter is the name of a program, or a URL.
    if text.place == Place::Header && first.is_ascii_alphabetic() {
        return;
    }
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
    if deeper::joined_subquery(&tokens) {
        found.add(Sign::SqlSubquery);
    }
    match tokens.kind(at) {
        Kind::Variable if tokens.len() == 1 && is_of_server(tokens.text(at)) => {
            found.add(Sign::SqlPeril);
        }
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
        Kind::Close | Kind::Comma | Kind::Logic | Kind::Semicolon => {
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
        Kind::Word(Word::Function | Word::Case)
            if matches!(tokens.text(at), b"if" | b"case") && peril_within(tokens, at) =>
        {
            found.add(Sign::SqlPeril);
        }
        Kind::Word(Word::Function | Word::Case) if deeper::chooses(tokens, at) => {
            found.add(Sign::SqlCondition);
        }
        Kind::Word(Word::Function) if deeper::subquery(tokens, at) => {
            found.add(Sign::SqlSubquery);
        }
        Kind::Word(Word::Group | Word::Having)
            if is_clause(tokens, at) && tokens.kind(tokens.len() - 1) == Kind::Comment =>
        {
            found.add(Sign::SqlClause);
        }
        _ => {}
    }
}

/// What a server says about itself.
fn is_of_server(variable: &[u8]) -> bool {
    matches!(
        variable,
        b"@@version" | b"@@hostname" | b"@@datadir" | b"@@basedir" | b"@@servername"
    )
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

/// What a value looks like that somebody has to end with a quote: a word, a name, a number, an address.
fn is_usual(prefix: &[u8]) -> bool {
    prefix.len() <= 40
        && prefix.iter().all(|it| {
            it.is_ascii_alphanumeric()
                || matches!(it, b' ' | b'_' | b'.' | b'@' | b'-' | b'%' | b'\\')
                || *it >= 0x80
        })
}
