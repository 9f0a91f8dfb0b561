//! Many small reads, asked as one.

use std::time::Duration;

use crate::{ByteSize, Mode};

/// Requests of one route that are put together into one for the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// How far it may go.
    pub mode: Mode,
    /// What is put together, and how the answer is taken apart.
    pub kind: BatchKind,
    /// As many as this make a batch that is sent at once; at least 2.
    pub max_size: u32,
    /// How long the first of a batch waits for others.
    pub max_wait: Duration,
    /// An answer to a batch that is larger than this is not taken apart.
    pub max_answer: ByteSize,
}

/// What is put together, and how the answer is taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// `POST` of JSON: the array at `items` is made longer, and the array at `answers` has an
    /// answer for each, in the same order. All else in the bodies must be the same.
    Body {
        /// A JSON pointer (RFC 6901) to what is put together: an array, or a single value.
        items: String,
        /// A JSON pointer to the array of answers.
        answers: String,
        /// A name in each answer that holds its position, to be counted anew; `None` for none.
        index: Option<String>,
    },
    /// `GET` of one thing by a part of its path: `/users/{id}` becomes `/users?ids=1,2,3`.
    Path {
        /// The parameter of the route's path pattern that tells them apart.
        parameter: String,
        /// Path and query of the batch, `{ids}` standing for all of them, and the name of any other
        /// parameter of the path, in braces, for what they have there.
        request: String,
        /// What stands between them.
        separator: String,
        /// A JSON pointer to the array of answers; the whole answer when empty.
        answers: String,
        /// The name in each answer that holds its part of the path.
        id: String,
    },
}
