//! How tokens are verified.

use std::time::Duration;

use http::{HeaderName, header};

use crate::{
    Identity, JwksSource, TokenAlgorithm, TokenSource,
    diagnostic::Code,
    file::{AlgorithmFile, At, File, JwtFile, TokenFile},
    suggest::listed,
};

use super::{
    cache::{check_cookie, of_one_connection},
    findings::{DAY, Findings},
    known::meant_among,
    listeners::check_file,
    url::{UrlMistake, parse_url},
};

/// What is believed unless the file says otherwise: key pairs only, the ones in common use.
const STANDARD: [TokenAlgorithm; 3] = [
    TokenAlgorithm::Rs256,
    TokenAlgorithm::Es256,
    TokenAlgorithm::EdDsa,
];

/// A token that is ten minutes out of date is out of date, whatever the clock.
const MOST_LEEWAY: Duration = Duration::from_secs(10 * 60);

/// How often the keys are looked at again, and how long one attempt may take, unless the file says
/// otherwise.
const REFRESH: Duration = Duration::from_secs(300);
const ATTEMPT: Duration = Duration::from_secs(2);

/// Who can make a signature of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    KeyPair,
    SharedSecret,
}

pub(super) fn check_identity(findings: &mut Findings<'_>, file: &File) -> Option<Identity> {
    let identity = file.identity.as_ref()?;
    let Some(jwt) = &identity.value.jwt else {
        let help = "say how tokens are verified: `jwt: {jwks_file: /etc/forebay/jwks.json}`";
        findings.missing(identity.node, "jwt", help);
        return None;
    };
    let refresh = identity.value.refresh.as_ref();
    let refresh = findings.time(refresh, REFRESH, (Duration::from_secs(1), DAY));
    check_jwt(findings, jwt, refresh)
}

fn check_jwt(
    findings: &mut Findings<'_>,
    jwt: &At<JwtFile>,
    refresh: Duration,
) -> Option<Identity> {
    let shape = &jwt.value;
    let algorithms = match &shape.algorithms {
        None => STANDARD.to_vec(),
        Some(algorithms) => {
            if algorithms.value.is_empty() && !findings.lost_in(jwt.node, "algorithms") {
                let message = "without an algorithm no token is believed".to_owned();
                let help = "leave it out for RS256, ES256 and EdDSA";
                findings.error(algorithms.node, Code::Empty, message, help);
            }
            check_algorithms(findings, &algorithms.value)
        }
    };
    for text in [&shape.issuer, &shape.audience].into_iter().flatten() {
        if text.value.is_empty() {
            let message = "no token can say nothing here".to_owned();
            let help = "leave it out to accept any";
            findings.error(text.node, Code::WrongValue, message, help);
        }
    }
    let source = match &shape.token {
        None => TokenSource::Bearer,
        Some(token) => check_source(findings, &token.value),
    };
    let leeway = shape.leeway.as_ref();
    let bounds = (Duration::ZERO, MOST_LEEWAY);
    let leeway = findings.time(leeway, Duration::from_secs(60), bounds);
    let text = |text: &Option<At<String>>| text.as_ref().map(|text| text.value.clone());
    Some(Identity {
        jwks: check_jwks(findings, jwt)?,
        refresh,
        algorithms,
        issuer: text(&shape.issuer),
        audience: text(&shape.audience),
        source,
        leeway,
    })
}

/// Where the keys are: exactly one place.
fn check_jwks(findings: &mut Findings<'_>, jwt: &At<JwtFile>) -> Option<JwksSource> {
    let shape = &jwt.value;
    let bounds = (Duration::from_millis(1), Duration::from_secs(60));
    let timeout = findings.time(shape.timeout.as_ref(), ATTEMPT, bounds);
    match (&shape.jwks_file, &shape.jwks_url) {
        (Some(file), None) => {
            if let Some(timeout) = &shape.timeout {
                let message = "a file is read without a timeout".to_owned();
                let help = "remove it; it is about `jwks_url`";
                findings.error(timeout.node, Code::Contradiction, message, help);
            }
            check_file(findings, file).map(JwksSource::File)
        }
        (None, Some(url)) => {
            let url = check_jwks_url(findings, url)?;
            Some(JwksSource::Url { url, timeout })
        }
        (Some(_), Some(url)) => {
            let message = "the keys are in one place: here `jwks_url` stands beside `jwks_file`";
            let help = "remove one";
            findings.error(url.node, Code::Contradiction, message.to_owned(), help);
            None
        }
        (None, None) => {
            if !findings.lost_in(jwt.node, "jwks_url") {
                let help = "name the file with the keys, `jwks_file: /etc/forebay/jwks.json`, or \
                            their `jwks_url`";
                findings.missing(jwt.node, "jwks_file", help);
            }
            None
        }
    }
}

fn check_jwks_url(findings: &mut Findings<'_>, url: &At<String>) -> Option<String> {
    let message = match parse_url(&url.value) {
        Ok(()) => return Some(url.value.clone()),
        Err(UrlMistake::Password) => "this URL holds a password".to_owned(),
        Err(UrlMistake::Other(why)) => {
            format!(
                "`{}` is not the URL of a key set: {why}",
                findings.show(url)
            )
        }
    };
    let help = "such as `https://id.example/.well-known/jwks.json`";
    findings.error(url.node, Code::BadKeySetUrl, message, help);
    None
}

fn check_algorithms(
    findings: &mut Findings<'_>,
    names: &[At<AlgorithmFile>],
) -> Vec<TokenAlgorithm> {
    let mut algorithms: Vec<TokenAlgorithm> = Vec::new();
    for at in names {
        let name = at.with(at.value.0.clone());
        let Some(algorithm) = check_algorithm(findings, &name) else {
            continue;
        };
        if algorithms.contains(&algorithm) {
            let message = format!("`{}` is listed twice", findings.show(&name));
            findings.error(at.node, Code::ListedTwice, message, "remove one");
            continue;
        }
        // A server that believes both can be given the public key as if it were the secret.
        let first = algorithms.first().copied();
        if let Some(first) = first.filter(|first| kind(*first) != kind(algorithm)) {
            let message = format!(
                "`{}` and `{}` cannot be believed side by side",
                first.as_str(),
                findings.show(&name)
            );
            let help = "one signs with a shared secret and the other with a key pair; whoever knows \
                        the public key could pass it off as the secret";
            findings.error(at.node, Code::UnsafeAlgorithm, message, help);
            continue;
        }
        algorithms.push(algorithm);
    }
    algorithms
}

fn check_algorithm(findings: &mut Findings<'_>, name: &At<String>) -> Option<TokenAlgorithm> {
    let mut all = TokenAlgorithm::ALL.into_iter();
    let known = all.find(|algorithm| algorithm.as_str() == name.value);
    if known.is_some() {
        return known;
    }
    let shown = findings.show(name);
    let words = TokenAlgorithm::ALL.map(TokenAlgorithm::as_str);
    let choices = format!("it is one of {}", listed(words, "and"));
    if name.value.eq_ignore_ascii_case("none") {
        let message = format!("`{shown}` is no signature: anybody could say they were anybody");
        findings.error(name.node, Code::UnsafeAlgorithm, message, &choices);
        return None;
    }
    let message = format!("`{shown}` is not a signature algorithm Forebay knows");
    let help = meant_among(findings, name, &words, choices);
    findings.error(name.node, Code::UnknownWord, message, &help);
    None
}

fn kind(algorithm: TokenAlgorithm) -> Kind {
    match algorithm {
        TokenAlgorithm::Hs256 | TokenAlgorithm::Hs384 | TokenAlgorithm::Hs512 => Kind::SharedSecret,
        TokenAlgorithm::EdDsa
        | TokenAlgorithm::Es256
        | TokenAlgorithm::Es384
        | TokenAlgorithm::Ps256
        | TokenAlgorithm::Rs256
        | TokenAlgorithm::Rs384
        | TokenAlgorithm::Rs512 => Kind::KeyPair,
    }
}

/// A name that cannot be one is reported; the usual place stands in for it.
fn check_source(findings: &mut Findings<'_>, token: &TokenFile) -> TokenSource {
    match token {
        TokenFile::Bearer => TokenSource::Bearer,
        TokenFile::Cookie(name) => {
            check_cookie(findings, name);
            TokenSource::Cookie(name.value.clone())
        }
        TokenFile::Header(name) => {
            let shown = findings.show(name);
            let (message, help) = match HeaderName::from_bytes(name.value.as_bytes()) {
                Err(_) => (
                    format!("`{shown}` is not the name of a header"),
                    "such as `X-Token`",
                ),
                Ok(header::AUTHORIZATION) => (
                    format!("`{shown}` holds more than the token"),
                    "write `token: bearer`",
                ),
                Ok(header::COOKIE) => (
                    format!("`{shown}` holds more than the token"),
                    "name the cookie: `token: {cookie: session}`",
                ),
                Ok(header) if of_one_connection(&header) => (
                    format!("`{shown}` is about one connection and carries no token"),
                    "such as `X-Token`",
                ),
                Ok(header) => return TokenSource::Header(header),
            };
            findings.error(name.node, Code::BadHeaderName, message, help);
            TokenSource::Bearer
        }
    }
}
