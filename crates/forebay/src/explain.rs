//! `forebay explain`: what would happen to a request, and which line of the file says so.
//!
//! The answer is put together from the same functions of `engine` that serve real requests, so that
//! it cannot tell another story. Nothing is sent anywhere unless it is asked for.

mod ask;
mod callers;
mod conditions;
mod guards;
mod json;
mod policies;
mod request;
mod saved;
mod text;
mod verdict;

use anyhow::Context as _;
use engine::{
    admit::{self, DeclaredBody},
    client_ip::ClientAddress,
    failure::Malformed,
    host::{self, Authority},
    path::{self, NormalPath},
    routing::{RouteOutcome, RouteQuery, Router},
};
use http::{Method, Version};
use policy::{Policies, Route};

use self::{
    conditions::{Candidate, candidates},
    policies::Applied,
    request::Request,
    verdict::{Given, Verdict},
};
use crate::{
    args::{ExplainArgs, ReportFormat},
    config,
    exit::Exit,
    output::{Paint, complain, say},
};

/// Everything there is to say about one request.
#[derive(Debug)]
struct Explanation<'a> {
    request: &'a Request,
    /// The listener it is taken to come through, by position.
    listener: usize,
    fate: Fate<'a>,
}

/// What becomes of it.
#[derive(Debug)]
enum Fate<'a> {
    /// It is refused before anybody looks for a route.
    Malformed(Malformed),
    /// It is refused because no route takes it.
    Unrouted {
        seen: Seen<'a>,
        why: Unrouted,
        /// The routes that came nearest, nearest first.
        near: Vec<Candidate<'a>>,
    },
    /// A route takes it.
    Routed(Box<Routed<'a>>),
}

/// How the request is read.
#[derive(Debug)]
struct Seen<'a> {
    authority: Authority<'a>,
    path: NormalPath<'a>,
    client: ClientAddress,
}

/// Why no route takes it.
#[derive(Debug, PartialEq, Eq)]
enum Unrouted {
    MethodNotAllowed(Vec<Method>),
    NoRoute,
    UnknownHost,
}

/// The route and what it does.
#[derive(Debug)]
struct Routed<'a> {
    seen: Seen<'a>,
    route: &'a Route,
    chosen: Candidate<'a>,
    /// Others that would take it, too, in the order of the file; they are less specific.
    others: Vec<&'a Route>,
    /// Others that only one condition besides host and path speaks against.
    passed_over: Vec<Candidate<'a>>,
    applied: Applied<'a>,
    /// What the cache would do with an answer.
    verdict: Option<Verdict>,
}

/// Explains one request.
pub(crate) fn explain(args: &ExplainArgs, paint: Paint) -> Exit {
    let policies = match config::load(&args.config) {
        Ok(checked) => checked.policies,
        Err(error) => return error.report(paint),
    };
    let request = match Request::new(args) {
        Ok(request) => request,
        Err(error) => {
            complain(
                paint,
                error,
                "write it as a client would, such as http://localhost:8080/api?page=2",
            );
            return Exit::Usage;
        }
    };
    let mut explanation = Explanation::new(&policies, &request);
    if let Err(error) = explanation.judge(&policies, args) {
        complain(paint, format_args!("{error:#}"), "");
        return Exit::Failed;
    }
    say(&match args.output {
        ReportFormat::Json => format!("{:#}\n", explanation.to_json(&policies)),
        ReportFormat::Text => explanation.to_text(&policies, paint.out),
    })
}

// === impl Explanation ===

impl<'a> Explanation<'a> {
    fn new(policies: &'a Policies, request: &'a Request) -> Self {
        let listener = request.listener(policies);
        let fate = match read(policies, request, listener) {
            Ok((seen, body)) => Fate::of(policies, request, seen, body),
            Err(malformed) => Fate::Malformed(malformed),
        };
        Self {
            request,
            listener,
            fate,
        }
    }

    /// Adds what the cache would do with an answer, which may have to be fetched first.
    fn judge(&mut self, policies: &Policies, args: &ExplainArgs) -> anyhow::Result<()> {
        let Fate::Routed(routed) = &mut self.fate else {
            return Ok(());
        };
        let route = routed.route;
        let given = match &args.response {
            Some(path) => {
                let saved = saved::read(path).with_context(|| path.display().to_string())?;
                Given::saved(saved, path.clone(), proxy::now())
            }
            None if args.ask => {
                let upstream = &policies.upstreams[route.upstream].name;
                ask::ask(policies, self.request, self.listener, upstream)?
            }
            None => Given::silent(proxy::now()),
        };
        let verdict = Verdict::of(route, self.request, routed.applied.class, given);
        routed.verdict = Some(verdict);
        Ok(())
    }
}

/// As a connection of this listener would read it.
fn read<'a>(
    policies: &Policies,
    request: &'a Request,
    listener: usize,
) -> Result<(Seen<'a>, DeclaredBody), Malformed> {
    let head = admit::RequestHead {
        method: &request.method,
        uri: &request.target,
        version: Version::HTTP_11,
        headers: &request.headers,
    };
    let admitted = admit::admit(&head)?;
    let authority = host::authority(
        &request.target,
        &request.headers,
        Version::HTTP_11,
        request.scheme,
    )?;
    let trusted = &policies.listeners[listener].trusted_proxies;
    let seen = Seen {
        authority,
        path: path::normalize(request.target.path()),
        client: engine::client_ip::client_ip(request.from, &request.headers, trusted),
    };
    Ok((seen, admitted.body))
}

// === impl Fate ===

impl<'a> Fate<'a> {
    fn of(
        policies: &'a Policies,
        request: &'a Request,
        seen: Seen<'a>,
        body: DeclaredBody,
    ) -> Self {
        let query = RouteQuery {
            host: seen.authority.host(),
            method: &request.method,
            path: seen.path.as_str(),
            query: request.target.query(),
            headers: &request.headers,
        };
        let outcome = Router::new(&policies.routes).route(&query);
        let mut all = candidates(&policies.routes, &query);
        let why = match outcome {
            RouteOutcome::Route(position) => {
                let route = &policies.routes[position];
                let applied = Applied::new(route, request, &seen, body);
                let chosen = all.swap_remove(position);
                let others = all.iter().filter(|other| other.misses() == 0);
                let mut others: Vec<_> = others.map(|other| other.route).collect();
                others.sort_by_key(|other| other.line);
                all.retain(Candidate::is_near);
                return Self::Routed(Box::new(Routed {
                    route,
                    chosen,
                    others,
                    passed_over: all,
                    applied,
                    seen,
                    verdict: None,
                }));
            }
            RouteOutcome::MethodNotAllowed(methods) => Unrouted::MethodNotAllowed(methods),
            RouteOutcome::NoRoute => Unrouted::NoRoute,
            RouteOutcome::UnknownHost => Unrouted::UnknownHost,
        };
        all.sort_by_key(Candidate::misses);
        all.truncate(3);
        Self::Unrouted {
            seen,
            why,
            near: all,
        }
    }
}

// === impl Unrouted ===

impl Unrouted {
    /// The status of the answer.
    const fn status(&self) -> u16 {
        match self {
            Self::MethodNotAllowed(_) => 405,
            Self::NoRoute | Self::UnknownHost => 404,
        }
    }

    /// The word for it in logs and metrics.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::MethodNotAllowed(_) => "method-not-allowed",
            Self::NoRoute => "no-route",
            Self::UnknownHost => "unknown-host",
        }
    }
}

#[cfg(test)]
mod tests;
