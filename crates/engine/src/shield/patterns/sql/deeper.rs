//! What stands further on in an expression: a subquery, a perilous call, a comparison of constants.
//!
//! What directly follows a value is judged by its shape. Further on, words like "select" and "from"
//! are not enough, so here a subquery has to be one that no sentence is.

use super::super::{
    tokens::{Kind, Tokens},
    words::Word,
};

/// Whether a subquery stands behind an operator, a comma or a parenthesis, from a place on.
pub(super) fn subquery(tokens: &Tokens<'_>, from: usize) -> bool {
    (from.max(1)..tokens.len()).any(|at| {
        is_joined(tokens.kind(at - 1))
            && tokens.kind(at) == Kind::Open
            && tokens.kind(at + 1) == Kind::Word(Word::Select)
            && selects(tokens, at + 2)
    })
}

/// The same behind `||`, whatever stands before it.
pub(super) fn joined_subquery(tokens: &Tokens<'_>) -> bool {
    (1..tokens.len()).any(|at| tokens.text(at - 1) == b"||" && subquery(tokens, at))
}

/// Whether a perilous call stands behind an operator, a comma or a parenthesis, from a place on.
pub(super) fn peril(tokens: &Tokens<'_>, from: usize) -> bool {
    (from.max(1)..tokens.len()).any(|at| {
        tokens.kind(at) == Kind::Word(Word::Peril)
            && is_joined(tokens.kind(at - 1))
            && tokens.kind(tokens.closed(at + 1) - 1) == Kind::Close
    })
}

/// Whether two constants are compared at a place: `1=1`, `('a'='a'`.
pub(super) fn constants(tokens: &Tokens<'_>, at: usize) -> bool {
    let at = tokens.skip(at, |it| it == Kind::Open);
    let constant = |it| matches!(it, Kind::Number | Kind::Text);
    constant(tokens.kind(at))
        && tokens.kind(at + 1) == Kind::Compare
        && tokens.kind(at + 2) == tokens.kind(at)
}

/// `where 1=1` from a place on.
pub(super) fn where_constants(tokens: &Tokens<'_>, from: usize) -> bool {
    (from..tokens.len())
        .any(|at| tokens.kind(at) == Kind::Word(Word::Where) && constants(tokens, at + 1))
}

/// `if(1=1,a,b)` and `case when 1=1 then a else b end`.
pub(super) fn chooses(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.text(at) {
        b"if" | b"iif" => {
            let first = tokens.skip(at + 1, |it| it == Kind::Open);
            first > at + 1
                && constants(tokens, first)
                && tokens.kind(tokens.skip(first + 3, |it| it == Kind::Close)) == Kind::Comma
        }
        b"case" => {
            (at..tokens.len()).any(|at| tokens.text(at) == b"when" && constants(tokens, at + 1))
        }
        _ => false,
    }
}

/// `', 'b'), ('c');--`: the rest of a list of values, and a comment behind it.
pub(super) fn is_rest_of_list(tokens: &Tokens<'_>, from: usize) -> bool {
    let last = tokens.len().saturating_sub(1);
    let comment = tokens.text(last);
    let short = comment.len() <= 12 && !comment.contains(&b'\'');
    let plain = (from..last).all(|at| match tokens.kind(at) {
        Kind::Name => tokens.kind(at + 1) != Kind::Name,
        Kind::Other | Kind::Comment | Kind::End => false,
        _ => true,
    });
    last > from + 1 && tokens.kind(last) == Kind::Comment && short && plain
}

/// What can stand behind `select` in a subquery, and in no sentence.
fn selects(tokens: &Tokens<'_>, at: usize) -> bool {
    match tokens.kind(at) {
        Kind::Number
        | Kind::Text
        | Kind::Variable
        | Kind::Arithmetic
        | Kind::Open
        | Kind::Word(Word::Literal | Word::Function | Word::Peril | Word::Case) => true,
        Kind::Word(Word::All) => selects(tokens, at + 1),
        Kind::Name if tokens.text(at) == b"top" => tokens.kind(at + 1) == Kind::Number,
        Kind::Name => {
            let mut last = at + 1;
            while matches!(tokens.kind(last), Kind::Comma | Kind::Dot)
                && tokens.kind(last + 1) == Kind::Name
            {
                last += 2;
            }
            let mut table = last + 1;
            while tokens.kind(table + 1) == Kind::Dot {
                table += 2;
            }
            tokens.kind(last) == Kind::Word(Word::From)
                && tokens.kind(table) == Kind::Name
                && !matches!(tokens.kind(table + 1), Kind::Name | Kind::Other)
        }
        _ => false,
    }
}

/// What an operand stands behind.
fn is_joined(before: Kind) -> bool {
    matches!(
        before,
        Kind::Arithmetic
            | Kind::Comma
            | Kind::Compare
            | Kind::Logic
            | Kind::Open
            | Kind::Word(Word::Limit | Word::Not | Word::By)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tokens<'_> {
        Tokens::read(text.as_bytes(), 0)
    }

    #[test]
    fn subqueries() {
        for text in [
            "1/(select 0 from dual)",
            "a,(select top 1 b from c)",
            "f((select d.e from f.g))",
            "limit (select 1)",
            "= (select a, b from c where d)",
        ] {
            assert!(subquery(&read(text), 0), "{text}");
        }
        for text in [
            "",
            "colours (select one from the list)",
            "a, (select one from the list below)",
            "(select)",
        ] {
            assert!(!subquery(&read(text), 0), "{text}");
        }
    }

    #[test]
    fn choices() {
        assert!(chooses(&read("if(1=1,a,b)"), 0));
        assert!(chooses(&read("case when ('a'='a') then b end"), 0));
        assert!(!chooses(&read("if (1 == 1) { a }"), 0));
        assert!(!chooses(&read("case when a = 1 then b end"), 0));
    }
}
