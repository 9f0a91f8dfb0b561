//! Shapes that tokens have in SQL, and not in a sentence.

use super::super::{
    tokens::{Kind, Tokens},
    words::Word,
};

/// `union [all] [(] select`.
pub(super) fn is_union(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.skip(at + 1, |it| {
        matches!(it, Kind::Word(Word::All) | Kind::Open)
    });
    tokens.kind(next) == Kind::Word(Word::Select) || is_table(tokens, next)
}

/// `values(1,2)` and `table users`, which can stand in place of a select.
fn is_table(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.text(at) {
        b"values" => tokens.kind(at + 1) == Kind::Open,
        b"table" => tokens.kind(at + 1) == Kind::Name && ends_properly(tokens, at + 2),
        _ => false,
    }
}

/// Whether what a union selects is a list, or something that only SQL has.
pub(super) fn lists(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.skip(at + 1, |it| {
        matches!(it, Kind::Word(Word::All | Word::Select) | Kind::Open)
    });
    is_selected(tokens, next) || is_table(tokens, next)
}

/// What can stand behind `select` in SQL, and not in a sentence.
pub(super) fn is_selected(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.kind(at) {
        Kind::Number
        | Kind::Text
        | Kind::Variable
        | Kind::Arithmetic
        | Kind::Open
        | Kind::Word(Word::Literal | Word::Function | Word::Peril | Word::Case) => true,
        Kind::Word(Word::All) => is_selected(tokens, at + 1),
        Kind::Name if tokens.text(at) == b"top" && tokens.kind(at + 1) == Kind::Number => true,
        Kind::Name => {
            matches!(tokens.kind(at + 1), Kind::Comma | Kind::Dot | Kind::Logic)
                || tokens.kind(at + 1) == Kind::Word(Word::From)
                    && tokens.kind(at + 2) == Kind::Name
        }
        _ => false,
    }
}

pub(super) fn is_select(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.kind(at) == Kind::Word(Word::Select) && is_selected(tokens, at + 1)
}

/// Whether a statement that changes something, or selects, begins here.
pub(super) fn is_statement(tokens: &Tokens<'_>, at: usize) -> bool {
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
            b"copy" | b"grant" | b"handler" => {
                matches!(next, Kind::Name | Kind::Open | Kind::Word(_))
            }
            _ => false,
        },
        Kind::Word(Word::Function) => matches!(tokens.text(at), b"exec" | b"execute"),
        Kind::Word(Word::Peril) => true,
        _ => is_rare_statement(tokens, at),
    }
}

/// Statements that begin with a word which is a name elsewhere.
fn is_rare_statement(tokens: &Tokens<'_>, at: usize) -> bool {
    let next = tokens.kind(at + 1);
    let word = tokens.text(at + 1);
    let ends = |at| matches!(tokens.kind(at), Kind::End | Kind::Comment | Kind::Semicolon);
    match tokens.text(at) {
        b"attach" | b"detach" => next == Kind::Word(Word::Object),
        b"begin" | b"if" | b"do" => {
            peril_within(tokens, at) || subquery_within(tokens, at) || word == b"$"
        }
        b"kill" => next == Kind::Number && ends(at + 2),
        b"load" => matches!(word, b"data" | b"xml"),
        b"lock" | b"vacuum" | b"reindex" => next == Kind::Word(Word::Object),
        b"pragma" => next == Kind::Name,
        b"prepare" => tokens.kind(at + 2) == Kind::Word(Word::From),
        b"revoke" => (2..6).any(|it| tokens.text(at + it) == b"on"),
        b"show" => matches!(
            word,
            b"tables" | b"databases" | b"columns" | b"grants" | b"variables" | b"schemas"
        ),
        b"use" => next == Kind::Name && ends(at + 2) && !ends(at + 1),
        b"with" => tokens.text(at + 2) == b"as" && tokens.kind(at + 3) == Kind::Open,
        b"dbcc" | b"restore" | b"deallocate" => matches!(next, Kind::Name | Kind::Word(_)),
        _ => false,
    }
}

/// `order by 3`, `having 1=1`, `limit 1 offset 2`, `into outfile`.
pub(super) fn is_clause(tokens: &Tokens<'_>, at: usize) -> bool {
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
            let after = tokens.kind(at + 2);
            match next {
                Kind::Number => after != Kind::Name,
                Kind::Text => after == Kind::Compare,
                Kind::Word(Word::Literal) => ends_properly(tokens, at + 2),
                Kind::Word(
                    Word::Function | Word::Peril | Word::Not | Word::Exists | Word::Case,
                ) => after != Kind::Name,
                Kind::Open => true,
                _ => false,
            }
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
pub(super) fn ends_properly(tokens: &Tokens<'_>, at: usize) -> bool {
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
pub(super) fn subquery_within(tokens: &Tokens<'_>, at: usize) -> bool {
    (at..tokens.closed(at + 1)).any(|it| tokens.kind(it) == Kind::Open && is_select(tokens, it + 1))
}

/// A perilous call somewhere in the parentheses behind `at`.
pub(super) fn peril_within(tokens: &Tokens<'_>, at: usize) -> bool {
    (at..tokens.len()).any(|it| tokens.kind(it) == Kind::Word(Word::Peril))
}
