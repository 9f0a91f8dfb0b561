//! The words for what became of batches and of those who were to be in one.

/// How one batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    /// There was no whole answer: no connection, no time, or a body that ended early.
    Failed,
    /// The answer is no JSON, or it is encoded.
    NotJson,
    /// The answer is larger than `max_answer`, or than the memory that is left.
    Oversized,
    /// Its members have their answers.
    Split,
    /// The status is not 200.
    Status,
    /// The answer is not for several: it sets a cookie, is private or selected by what differs.
    Unshareable,
    /// The answers are not where they should be, not as many as were asked for, or out of order.
    Unlike,
    /// Not one of the answers is what a member asked for.
    Unmatched,
}

/// What became of one request of a route that batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOutcome {
    /// Nobody came to go with it: sent as it is.
    Alone,
    /// Two answers claimed to be its own: sent as it is.
    Ambiguous,
    /// Answered from a batch.
    Answered,
    /// Too many batches are waiting already: sent as it is.
    Crowded,
    /// Its batch failed, or its own time was over before: sent as it is, if there is time left.
    Failed,
    /// Its batch had no answer for it: sent as it is.
    Missing,
    /// Batches have failed too often of late: sent as it is.
    Paused,
    /// It is no request for a batch: sent as it is.
    Unfit,
}

/// Why a request cannot be part of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It has a body where none belongs, or one that is not the JSON that is wanted.
    Body,
    /// The client does not take a response without a content coding.
    Coding,
    /// It is conditional or for a part, which is about one representation.
    Conditional,
    /// Not the method that batches are made of.
    Method,
    /// Its path can be read in two ways, or is not of the route's pattern.
    Path,
    /// Its query names what the batch request says itself.
    Query,
    /// What it asks for is too large.
    TooLarge,
    /// Its id could not be told from two, or is no text.
    Value,
}

// === impl BatchOutcome ===

impl BatchOutcome {
    /// Every one, in the order of the words.
    pub const ALL: &'static [Self] = &[
        Self::Failed,
        Self::NotJson,
        Self::Oversized,
        Self::Split,
        Self::Status,
        Self::Unshareable,
        Self::Unlike,
        Self::Unmatched,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotJson => "not-json",
            Self::Oversized => "oversized",
            Self::Split => "split",
            Self::Status => "status",
            Self::Unshareable => "unshareable",
            Self::Unlike => "unlike",
            Self::Unmatched => "unmatched",
        }
    }
}

// === impl MemberOutcome ===

impl MemberOutcome {
    /// Every one, in the order of the words.
    pub const ALL: &'static [Self] = &[
        Self::Alone,
        Self::Ambiguous,
        Self::Answered,
        Self::Crowded,
        Self::Failed,
        Self::Missing,
        Self::Paused,
        Self::Unfit,
    ];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Ambiguous => "ambiguous",
            Self::Answered => "answered",
            Self::Crowded => "crowded",
            Self::Failed => "failed",
            Self::Missing => "missing",
            Self::Paused => "paused",
            Self::Unfit => "unfit",
        }
    }
}

// === impl Unfit ===

impl Unfit {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Coding => "coding",
            Self::Conditional => "conditional",
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::TooLarge => "too-large",
            Self::Value => "value",
        }
    }
}
