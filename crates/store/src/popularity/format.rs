//! The file in which popularity survives a restart.
//!
//! Lines of text, so that an operator can read it and write one by hand: a head with the version,
//! one line per target, most popular first, and an end with their number, so that a file that was
//! cut off is seen to be.
//!
//! ```text
//! forebay-popularity 1
//! 4711 https shop.example /api/products?page=1
//! end 1
//! ```

use std::fmt::Write;

use policy::Scheme;
use thiserror::Error;

use super::{LONGEST_TARGET, Popular, Wanted};

/// The first line.
const HEAD: &str = "forebay-popularity 1";

/// Why a popularity file is not used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// The last line is missing, or it counts differently.
    #[error("the file was cut off")]
    CutOff,
    /// A line is not a count, a scheme, a host and a target.
    #[error("line {0} is damaged")]
    Damaged(usize),
    /// It does not begin as such a file does, or has another version.
    #[error("the file is not a popularity file of version 1")]
    Unknown,
}

/// Writes a popularity file.
///
/// What could not be read back, because there is white space in it, is left out.
pub fn encode(popular: &[Popular]) -> String {
    let mut text = format!("{HEAD}\n");
    let mut lines = 0;
    for Popular { wanted, count } in popular {
        if !is_host(&wanted.host) || !is_target(&wanted.target) {
            continue;
        }
        lines += 1;
        let scheme = word(wanted.scheme);
        // Writing to a string does not fail.
        let _written = writeln!(text, "{count} {scheme} {} {}", wanted.host, wanted.target);
    }
    let _written = writeln!(text, "end {lines}");
    text
}

/// Reads a popularity file.
///
/// # Errors
/// Fails for anything that [`encode`] would not have written.
pub fn decode(text: &str) -> Result<Vec<Popular>, FormatError> {
    let body = text
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_prefix('\n'))
        .ok_or(FormatError::Unknown)?;
    let body = body.strip_suffix('\n').ok_or(FormatError::CutOff)?;
    let mut popular = Vec::new();
    let mut lines = body.split('\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if lines.peek().is_some() {
            popular.push(entry(line).ok_or(FormatError::Damaged(index + 2))?);
        } else if line != format!("end {}", popular.len()) {
            return Err(FormatError::CutOff);
        }
    }
    Ok(popular)
}

fn entry(line: &str) -> Option<Popular> {
    let mut words = line.split(' ');
    let count = words.next()?.parse().ok()?;
    let scheme = match words.next()? {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let host = words.next().filter(|host| is_host(host))?;
    let target = words.next().filter(|target| is_target(target))?;
    words.next().is_none().then(|| Popular {
        wanted: Wanted {
            scheme,
            host: host.into(),
            target: target.into(),
        },
        count,
    })
}

const fn word(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

fn is_host(text: &str) -> bool {
    (1..=261).contains(&text.len()) && is_graphic(text) && !text.contains('/')
}

fn is_target(text: &str) -> bool {
    text.starts_with('/') && text.len() <= LONGEST_TARGET && is_graphic(text)
}

fn is_graphic(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
