//! The language of the tables: a case reads like a sentence.
//!
//! ```text
//! case("a stale response with a tag is confirmed with If-None-Match")
//!     .origin_says(&["Cache-Control: max-age=0", "ETag: \"a\""])
//!     .if_conditional(not_modified(&[]))
//!     .get(&[]).forwarded()
//!     .get(&[]).forwarded().origin_saw("If-None-Match: \"a\"").body_of(1)
//! ```
//!
//! Each case has a path of its own, so that all cases of a table share one sidecar and one origin.
//! The origin gives the case's answers in their order, the last one again and again; unless a case
//! says otherwise the body is `answer N`, where `N` counts the requests of the case at the origin.
//! `{path}` stands for the path of the case, `{now}`, `{now+60}` and `{now-60}` for dates.

mod run;

pub(super) use self::run::{failures, holds};

/// One rule about caching, shown by a short conversation.
#[derive(Debug)]
pub(super) struct Case {
    name: String,
    rules: Vec<Rule>,
    steps: Vec<Step>,
}

/// What the origin answers once.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    lines: Vec<String>,
    interim: Vec<String>,
    body: Body,
}

/// What an answer's body is.
#[derive(Clone, Debug)]
enum Body {
    /// There is no answer at all: the origin closes the connection.
    HangUp,
    /// `answer N`.
    Numbered,
    /// This.
    Text(String),
}

/// Answers for the requests it is about; the first rule that is about a request answers it.
#[derive(Debug)]
struct Rule {
    about: About,
    answers: Vec<Answer>,
}

/// Which of the requests that reach the origin a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    All,
    /// Those with `If-None-Match` or `If-Modified-Since`.
    Conditional,
    /// Those with `If-Range`: whoever asks so holds a part.
    IfRange,
    Method(&'static str),
    Ranged,
}

/// A request of the client and what must come of it.
#[derive(Debug)]
struct Step {
    method: &'static str,
    target: String,
    lines: Vec<String>,
    body: Option<String>,
    expected: Vec<Expected>,
    attempts: Attempts,
}

/// How often a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempts {
    Once,
    /// Until its expectations hold: for what happens in the background.
    UntilItHolds,
}

/// What must come of a request.
#[derive(Clone, Debug)]
enum Expected {
    /// An `Age` of at least this many seconds, and of not much more.
    Age(u32),
    /// There is a field with this name whose value begins like this.
    Begins(String),
    /// This body.
    Body(String),
    /// The last `Cache-Status` contains this.
    CacheStatus(String),
    /// The body contains this.
    Contains(String),
    /// The origin was asked.
    Forwarded,
    /// There is a field with this name and value.
    Has(String),
    /// The cache answered, and the origin was not asked.
    Hit,
    /// Exactly these statuses came before the final one.
    NoInterim,
    /// There is no such field.
    Lacks(String),
    /// Exactly these values, in this order.
    Lines(String, Vec<String>),
    /// The last request that reached the origin had this field.
    OriginSaw(String),
    /// The last request that reached the origin had no such field.
    OriginSawNo(String),
    /// The cache answered, and the origin may be asked meanwhile.
    Stale,
    /// This status.
    Status(u16),
    /// The origin was not asked, whoever answered.
    Unasked,
}

/// A case of that name, which nobody has answered or asked yet.
pub(super) fn case(name: impl Into<String>) -> Case {
    Case {
        name: name.into(),
        rules: Vec::new(),
        steps: Vec::new(),
    }
}

/// What the origin says with these fields is kept: the second GET does not reach it.
pub(super) fn kept(name: &str, lines: &[&str]) -> Case {
    let case = case(name).origin_says(lines);
    case.get(&[]).forwarded().get(&[]).hit().body_of(1)
}

/// What the origin says with these fields is not used again: the second GET reaches it, too.
pub(super) fn asked_again(name: &str, lines: &[&str]) -> Case {
    let case = case(name).origin_says(lines);
    case.get(&[]).forwarded().get(&[]).forwarded().body_of(2)
}

/// An answer with this status and these fields.
pub(super) fn answer(status: u16, lines: &[&str]) -> Answer {
    Answer {
        status,
        lines: owned(lines),
        interim: Vec::new(),
        body: Body::Numbered,
    }
}

/// 304 with these fields.
pub(super) fn not_modified(lines: &[&str]) -> Answer {
    answer(304, lines)
}

/// The origin closes the connection instead of answering.
pub(super) fn hang_up() -> Answer {
    Answer {
        body: Body::HangUp,
        ..answer(200, &[])
    }
}

// === impl Answer ===

impl Answer {
    /// With this body.
    pub(super) fn saying(mut self, body: &str) -> Self {
        self.body = Body::Text(body.to_owned());
        self
    }

    /// After an interim response, such as `103 Early Hints\r\nLink: </a>`.
    pub(super) fn after_interim(mut self, start_and_fields: &str) -> Self {
        self.interim.push(start_and_fields.to_owned());
        self
    }
}

// === impl Case: the origin ===

impl Case {
    /// The origin answers 200 with these fields; said again, it is what it answers next.
    pub(super) fn origin_says(self, lines: &[&str]) -> Self {
        self.origin_answers(answer(200, lines))
    }

    /// The origin answers this; said again, it is what it answers next.
    pub(super) fn origin_answers(self, answer: Answer) -> Self {
        self.rule(About::All, answer)
    }

    /// What the origin answers to a condition.
    pub(super) fn if_conditional(self, answer: Answer) -> Self {
        self.rule(About::Conditional, answer)
    }

    /// What the origin answers to this method.
    pub(super) fn if_asked_with(self, method: &'static str, answer: Answer) -> Self {
        self.rule(About::Method(method), answer)
    }

    /// What the origin answers to `If-Range`.
    pub(super) fn if_asked_for_the_rest(self, answer: Answer) -> Self {
        self.rule(About::IfRange, answer)
    }

    /// What the origin answers to `Range`.
    pub(super) fn if_ranged(self, answer: Answer) -> Self {
        self.rule(About::Ranged, answer)
    }

    fn rule(mut self, about: About, answer: Answer) -> Self {
        match self.rules.iter_mut().find(|rule| rule.about == about) {
            Some(rule) => rule.answers.push(answer),
            None => self.rules.push(Rule {
                about,
                answers: vec![answer],
            }),
        }
        self
    }
}

// === impl Case: the client ===

impl Case {
    /// A GET with these fields.
    pub(super) fn get(self, lines: &[&str]) -> Self {
        self.ask("GET", lines)
    }

    /// A HEAD with these fields.
    pub(super) fn head(self, lines: &[&str]) -> Self {
        self.ask("HEAD", lines)
    }

    /// A request with this method and these fields.
    pub(super) fn ask(mut self, method: &'static str, lines: &[&str]) -> Self {
        self.steps.push(Step {
            method,
            target: "{path}".to_owned(),
            lines: owned(lines),
            body: None,
            expected: Vec::new(),
            attempts: Attempts::Once,
        });
        self
    }

    /// ..for something else below the path of the case, such as `/other` or `?a=b`.
    pub(super) fn at(mut self, suffix: &str) -> Self {
        self.step().target.push_str(suffix);
        self
    }

    /// ..with a body.
    pub(super) fn sending(mut self, body: &str) -> Self {
        self.step().body = Some(body.to_owned());
        self
    }

    /// ..and again, until what is expected of it holds.
    pub(super) fn sooner_or_later(mut self) -> Self {
        self.step().attempts = Attempts::UntilItHolds;
        self
    }

    fn step(&mut self) -> &mut Step {
        let step = self.steps.last_mut();
        step.expect("a request comes before what is said of it")
    }
}

// === impl Case: what is expected ===

impl Case {
    /// The cache answers, fresh, and the origin is not asked.
    pub(super) fn hit(self) -> Self {
        self.expect(Expected::Hit)
    }

    /// The cache answers with what is stale, and the origin is asked in the background.
    pub(super) fn served_stale(self) -> Self {
        self.expect(Expected::Stale)
            .telling("; ttl=-")
            .telling("detail=stale-while-revalidate")
    }

    /// The cache answers in place of an origin that failed with this status.
    pub(super) fn stands_in_for(self, status: u16) -> Self {
        self.expect(Expected::Forwarded)
            .telling("fwd=stale")
            .telling(&format!("fwd-status={status}"))
            .telling("detail=stale-if-error")
    }

    /// The origin is asked.
    pub(super) fn forwarded(self) -> Self {
        self.expect(Expected::Forwarded)
    }

    /// The origin is asked, and why.
    pub(super) fn forwarded_as(self, why: &str) -> Self {
        self.forwarded().telling(&format!("; fwd={why}"))
    }

    /// Forebay answers with this status, and the origin is not asked.
    pub(super) fn refused(self, status: u16) -> Self {
        self.expect(Expected::Unasked).status(status)
    }

    /// The cache's own `Cache-Status` says this.
    pub(super) fn telling(self, text: &str) -> Self {
        self.expect(Expected::CacheStatus(text.to_owned()))
    }

    /// This status.
    pub(super) fn status(self, status: u16) -> Self {
        self.expect(Expected::Status(status))
    }

    /// This body.
    pub(super) fn body(self, body: &str) -> Self {
        self.expect(Expected::Body(body.to_owned()))
    }

    /// The body of the origin's answer with that number, from 1.
    pub(super) fn body_of(self, number: usize) -> Self {
        self.body(&format!("answer {number}"))
    }

    /// This field, with exactly this value; more lines of it are no matter.
    pub(super) fn has(self, line: &str) -> Self {
        self.expect(Expected::Has(line.to_owned()))
    }

    /// This field, whose value goes on after this.
    pub(super) fn beginning(self, line: &str) -> Self {
        self.expect(Expected::Begins(line.to_owned()))
    }

    /// A body with this in it.
    pub(super) fn containing(self, text: &str) -> Self {
        self.expect(Expected::Contains(text.to_owned()))
    }

    /// No such field.
    pub(super) fn lacks(self, name: &str) -> Self {
        self.expect(Expected::Lacks(name.to_owned()))
    }

    /// Exactly these lines of a field.
    pub(super) fn lines(self, name: &str, values: &[&str]) -> Self {
        self.expect(Expected::Lines(name.to_owned(), owned(values)))
    }

    /// One `Age` of so many seconds, or what the test took longer.
    pub(super) fn age(self, seconds: u32) -> Self {
        self.expect(Expected::Age(seconds))
    }

    /// No interim response came first.
    pub(super) fn without_interim(self) -> Self {
        self.expect(Expected::NoInterim)
    }

    /// The last request that reached the origin had this field.
    pub(super) fn origin_saw(self, line: &str) -> Self {
        self.expect(Expected::OriginSaw(line.to_owned()))
    }

    /// The last request that reached the origin had no such field.
    pub(super) fn origin_saw_no(self, name: &str) -> Self {
        self.expect(Expected::OriginSawNo(name.to_owned()))
    }

    fn expect(mut self, expected: Expected) -> Self {
        self.step().expected.push(expected);
        self
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}
