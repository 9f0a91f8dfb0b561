//! Carries the cases of a table out and tells which did not hold.

use std::{
    collections::HashSet,
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use harness::{Ask, Origin, Reply, Request, Response, Sidecar, dates, in_time};

use super::{About, Answer, Attempts, Body, Case, Expected, Rule, Step};
use crate::forebay;

/// How many cases are carried out at a time.
const HANDS: usize = 4;
/// How long a machine that is busy may keep a response before its age is looked at.
const SLACK: u32 = 30;

/// What the origin knows of one case.
#[derive(Debug)]
struct Script {
    rules: Vec<Rule>,
    /// Whatever arrived, in order, and how often each rule has answered.
    seen: Mutex<(Vec<Request>, Vec<usize>)>,
}

/// What a request has come to.
struct Came<'a> {
    response: Response,
    /// How often the origin was asked meanwhile.
    asked: usize,
    /// The last request that reached the origin.
    last: Option<Request>,
    path: &'a str,
}

/// Carries out a table with these cache policies; all failures are told together.
#[track_caller]
pub(in super::super) fn holds(cache: &str, cases: Vec<Case>) {
    let total = cases.len();
    let failures = failures(cache, cases);
    let told = failures.join("\n\n");
    assert!(
        failures.is_empty(),
        "{} of {total} cases failed\n\n{told}\n",
        failures.len()
    );
}

/// One text for each case that does not hold.
pub(in super::super) fn failures(cache: &str, cases: Vec<Case>) -> Vec<String> {
    let mut names = HashSet::new();
    let mut scripts = Vec::new();
    let mut conversations = Vec::new();
    for case in cases {
        assert!(names.insert(case.name.clone()), "twice: {}", case.name);
        let script = Arc::new(Script::new(case.rules));
        scripts.push(Arc::clone(&script));
        conversations.push((case.name, script, case.steps));
    }
    let origin = Origin::http(move |request| {
        let script = case_of(&request.target).and_then(|index| scripts.get(index));
        script.map_or_else(|| Reply::status(404), |script| script.reply(request))
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(&format!("cache: {{{cache}}}"))
        .start();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some((name, script, steps)) = conversations.get(index) else {
                        return;
                    };
                    if let Err(why) = carry_out(&sidecar, index, script, steps) {
                        let told = format!("# {name}\n{why}");
                        failed.lock().unwrap().push((index, told));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    failed.into_iter().map(|(_, told)| told).collect()
}

fn path_of(index: usize) -> String {
    format!("/case-{index}")
}

fn case_of(target: &str) -> Option<usize> {
    let rest = target.strip_prefix("/case-")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

fn filled(text: &str, path: &str) -> String {
    dates::filled(&text.replace("{path}", path))
}

fn carry_out(
    sidecar: &Sidecar,
    index: usize,
    script: &Script,
    steps: &[Step],
) -> Result<(), String> {
    let path = path_of(index);
    for (number, step) in steps.iter().enumerate() {
        let mut last = Err(String::new());
        let mut attempt = || {
            last = step.attempt(sidecar, &path, script);
            (last.is_ok() || step.attempts == Attempts::Once).then_some(())
        };
        let _in_time = in_time(&mut attempt);
        last.map_err(|why| format!("request {} ({} {path})\n{why}", number + 1, step.method))?;
    }
    Ok(())
}

// === impl Script ===

impl Script {
    fn new(mut rules: Vec<Rule>) -> Self {
        // What is about everything comes last, and `If-Range` before the `Range` that it is about.
        rules.sort_by_key(|rule| match rule.about {
            About::IfRange => 0,
            About::Conditional | About::Method(_) | About::Ranged => 1,
            About::All => 2,
        });
        let answered = vec![0; rules.len()];
        Self {
            rules,
            seen: Mutex::new((Vec::new(), answered)),
        }
    }

    fn reply(&self, request: &Request) -> Reply {
        let mut seen = self.seen.lock().unwrap();
        seen.0.push(request.clone());
        let number = seen.0.len();
        let about = |rule: &Rule| rule.about.is(request);
        let Some(position) = self.rules.iter().position(about) else {
            return Reply::status(404);
        };
        let times = seen.1[position];
        seen.1[position] += 1;
        let answers = &self.rules[position].answers;
        let path = case_of(&request.target).map(path_of).unwrap_or_default();
        answers[times.min(answers.len() - 1)].reply(number, &path)
    }

    fn asked(&self) -> usize {
        self.seen.lock().unwrap().0.len()
    }

    fn last(&self) -> Option<Request> {
        self.seen.lock().unwrap().0.last().cloned()
    }
}

// === impl About ===

impl About {
    fn is(&self, request: &Request) -> bool {
        let has = |name| request.headers.has(name);
        match self {
            Self::All => true,
            Self::Conditional => has("if-none-match") || has("if-modified-since"),
            Self::IfRange => has("if-range"),
            Self::Method(method) => request.method == *method,
            Self::Ranged => has("range"),
        }
    }
}

// === impl Answer ===

impl Answer {
    fn reply(&self, number: usize, path: &str) -> Reply {
        let mut reply = match &self.body {
            Body::HangUp => return Reply::hang_up(),
            Body::Numbered => Reply::ok(format!("answer {number}")),
            Body::Text(text) => Reply::ok(text.clone()),
        };
        reply = reply.with_status(self.status);
        for interim in &self.interim {
            reply = reply.after_interim(interim);
        }
        for line in &self.lines {
            reply = reply.line(&filled(line, path));
        }
        reply
    }
}

// === impl Step ===

impl Step {
    fn attempt(&self, sidecar: &Sidecar, path: &str, script: &Script) -> Result<(), String> {
        let mut ask = Ask::new(self.method, &filled(&self.target, path));
        for line in &self.lines {
            let line = filled(line, path);
            let (name, value) = line.split_once(':').expect("a field has a colon");
            ask = ask.header(name, value.strip_prefix(' ').unwrap_or(value));
        }
        if let Some(body) = &self.body {
            ask = ask.body(body.as_str());
        }
        let before = script.asked();
        let mut client = sidecar.connect();
        client.send(ask.bytes());
        let response = client.try_response(self.method);
        let came = Came {
            response: response.map_err(|error| format!("  no whole response came: {error}"))?,
            asked: script.asked() - before,
            last: script.last(),
            path,
        };
        let mut why = String::new();
        for expected in &self.expected {
            if let Err(but) = came.is(expected) {
                let _infallible = writeln!(why, "  expected {expected:?}, but {but}");
            }
        }
        if why.is_empty() {
            return Ok(());
        }
        let response = &came.response;
        let fields = &response.headers.0;
        Err(format!(
            "{why}  it was {} {fields:?} {:?}",
            response.status,
            response.text()
        ))
    }
}

// === impl Came ===

impl Came<'_> {
    fn is(&self, expected: &Expected) -> Result<(), String> {
        let response = &self.response;
        let told = response.cache_status();
        let held = match expected {
            Expected::Age(seconds) => self.age(*seconds),
            Expected::Begins(line) => {
                let (name, start) = self.field(line);
                response
                    .header(&name)
                    .is_some_and(|value| value.starts_with(&start))
            }
            Expected::Body(body) => response.text() == *body,
            Expected::CacheStatus(text) => told.contains(text.as_str()),
            Expected::Contains(text) => response.text().contains(text.as_str()),
            Expected::Forwarded => told.contains("; fwd=") && self.asked > 0,
            Expected::Has(line) => {
                let (name, value) = self.field(line);
                response.headers.all(&name).contains(&value.as_str())
            }
            Expected::Hit => told.starts_with("Forebay; hit; ttl=") && self.asked == 0,
            Expected::NoInterim => response.interim.is_empty(),
            Expected::Lacks(name) => !response.headers.has(name),
            Expected::Lines(name, values) => response.headers.all(name) == *values,
            Expected::OriginSaw(line) => {
                let (name, value) = self.field(line);
                let last = self.last.as_ref();
                last.is_some_and(|last| last.headers.all(&name).contains(&value.as_str()))
            }
            Expected::OriginSawNo(name) => self
                .last
                .as_ref()
                .is_some_and(|last| !last.headers.has(name)),
            Expected::Stale => told.starts_with("Forebay; hit"),
            Expected::Status(status) => response.status == *status,
            Expected::Unasked => self.asked == 0,
        };
        if held {
            return Ok(());
        }
        let seen = self.last.as_ref().map(|last| &last.headers.0);
        Err(match expected {
            Expected::OriginSaw(_) | Expected::OriginSawNo(_) => {
                format!("the origin saw {seen:?}")
            }
            Expected::Forwarded | Expected::Hit | Expected::Stale | Expected::Unasked => {
                format!("the origin was asked {} times: {told}", self.asked)
            }
            _ => "it was not so".to_owned(),
        })
    }

    fn age(&self, seconds: u32) -> bool {
        match self.response.headers.all("age")[..] {
            [age] => age
                .parse::<u32>()
                .is_ok_and(|age| (seconds..=seconds.saturating_add(SLACK)).contains(&age)),
            _ => false,
        }
    }

    fn field(&self, line: &str) -> (String, String) {
        let line = line.replace("{path}", self.path);
        let (name, value) = line.split_once(':').expect("a field has a colon");
        (name.to_owned(), value.trim().to_owned())
    }
}
