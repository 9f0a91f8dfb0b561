//! What an access log says was popular: Forebay's own JSON lines, or the common or combined format.
//!
//! Only what a cache could have answered counts: GET with 2xx, 3xx or 304. Logs are as large as they like,
//! so that the counting is bounded (Misra and Gries, 1982): with room for `n` URLs, one that makes up
//! more than an `n`th of the log is never lost, however many others there are.

use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use http::Uri;
use serde_json::Value;

/// The longest line that is read, in bytes; longer ones are passed over.
const LONGEST_LINE: usize = 64 * 1024;

/// URLs counted at the same time.
const ROOM: usize = 20_000;

/// What stands in a log of Forebay's for a secret that is not shown.
const REDACTED: &str = "=REDACTED";

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Popular {
    /// The most popular first.
    pub(super) urls: Vec<Uri>,
    /// Lines that counted.
    pub(super) counted: u64,
    /// Lines that would have, and do not say which host it was.
    pub(super) without_host: u64,
}

/// URLs and how often they were asked for, at least.
struct Counts {
    counts: HashMap<String, u64>,
    room: usize,
}

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Somebody asked for this path, of an unknown host.
    Path(String),
    /// Somebody asked for this URL.
    Url(String),
    /// Nothing that counts.
    Nothing,
}

/// Reads a log; `base` stands in front of paths whose host the log does not name.
pub(super) fn read(log: &mut impl BufRead, base: Option<&str>, top: usize) -> io::Result<Popular> {
    let mut popular = Popular::default();
    let mut counts = Counts {
        counts: HashMap::new(),
        room: ROOM.max(top.saturating_mul(4)),
    };
    let mut bytes = Vec::new();
    while next(log, &mut bytes)? {
        let url = match (Line::read(&String::from_utf8_lossy(&bytes)), base) {
            (Line::Url(url), _) => url,
            (Line::Path(path), Some(base)) => format!("{}{path}", base.trim_end_matches('/')),
            (Line::Path(_), None) => {
                popular.without_host += 1;
                continue;
            }
            (Line::Nothing, _) => continue,
        };
        popular.counted += 1;
        counts.add(url);
    }
    popular.urls = counts.top(top);
    Ok(popular)
}

/// Reads the next line that is not too long; false at the end.
fn next(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        line.clear();
        let most = LONGEST_LINE as u64 + 1;
        if io::Read::take(&mut *log, most).read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if line.ends_with(b"\n") || line.len() <= LONGEST_LINE {
            return Ok(true);
        }
        log.skip_until(b'\n')?;
    }
}

// === impl Line ===

impl Line {
    fn read(line: &str) -> Self {
        let line = line.trim();
        let read = match line.starts_with('{') {
            true => Self::ours(line),
            false => Self::common(line),
        };
        match read {
            Some(Self::Url(url)) if url.contains(REDACTED) => Self::Nothing,
            Some(read) => read,
            None => Self::Nothing,
        }
    }

    /// One of Forebay's own.
    fn ours(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        let status = line.get("http.response.status_code")?.as_u64()?;
        if text("http.request.method")? != "GET" || !counts(status) {
            return Some(Self::Nothing);
        }
        let path = text("url.path").filter(|path| path.starts_with('/') && !path.ends_with('…'))?;
        let target = match text("url.query") {
            Some(query) if query.ends_with('…') => return Some(Self::Nothing),
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        Some(match text("server.address") {
            Some(host) => Self::Url(format!("http://{host}{target}")),
            None => Self::Path(target),
        })
    }

    /// `host ident user [time] "GET /path HTTP/1.1" 200 123`, with or without more behind it.
    fn common(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("] \"")?;
        let (request, rest) = rest.split_once('"')?;
        let mut words = request.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let status = rest.split_ascii_whitespace().next()?.parse().ok()?;
        if method != "GET" || !version.starts_with("HTTP/") || !counts(status) {
            return Some(Self::Nothing);
        }
        // Control characters and quotes are written as escapes, and no target has a backslash.
        if target.contains('\\') {
            return Some(Self::Nothing);
        }
        Some(match target.starts_with('/') {
            true => Self::Path(target.to_owned()),
            false => Self::Url(target.to_owned()),
        })
    }
}

fn counts(status: u64) -> bool {
    (200..400).contains(&status)
}

// === impl Counts ===

impl Counts {
    fn add(&mut self, url: String) {
        if let Some(count) = self.counts.get_mut(&url) {
            *count += 1;
        } else if self.counts.len() < self.room {
            self.counts.insert(url, 1);
        } else {
            // Each of them gives one up, together with the newcomer.
            self.counts.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }

    /// The most popular first; the alphabet decides between equals, so that the order is the same
    /// each time.
    fn top(self, most: usize) -> Vec<Uri> {
        let mut all: Vec<(String, u64)> = self.counts.into_iter().collect();
        all.sort_unstable_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
        let urls = all.into_iter().filter_map(|(url, _)| url.parse().ok());
        let absolute = urls.filter(|url: &Uri| url.authority().is_some());
        absolute.take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn popular(log: &str, base: Option<&str>) -> Popular {
        read(&mut log.as_bytes(), base, 10).unwrap()
    }

    fn urls(popular: &Popular) -> Vec<String> {
        popular.urls.iter().map(Uri::to_string).collect()
    }

    #[test]
    fn our_own_lines_name_the_host() {
        let line = |method: &str, status: u16, path: &str, query: &str| {
            format!(
                "{{\"http.request.method\":\"{method}\",\"url.path\":\"{path}\",{query}\
                 \"http.response.status_code\":{status},\"server.address\":\"shop.test:8080\"}}\n"
            )
        };
        let log = [
            line("GET", 200, "/once", ""),
            line("GET", 200, "/twice", "\"url.query\":\"page=2\","),
            line("GET", 304, "/twice", "\"url.query\":\"page=2\","),
            line("GET", 200, "/secret", "\"url.query\":\"token=REDACTED\","),
            line("GET", 404, "/gone", ""),
            line("POST", 200, "/written", ""),
            line("GET", 200, "/cut…", ""),
            "{broken\n".to_owned(),
        ];
        let popular = popular(&log.concat(), None);
        assert_eq!(
            urls(&popular),
            [
                "http://shop.test:8080/twice?page=2",
                "http://shop.test:8080/once"
            ]
        );
        assert_eq!(popular.counted, 3);
    }

    #[test]
    fn common_and_combined_lines_need_a_base() {
        let log = "\
127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b=1 HTTP/1.0\" 200 2326
::1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a?b=1 HTTP/1.1\" 304 - \"http://ref/\" \"agent \\\"x\\\"\"
::1 - - [10/Oct/2000:13:55:36 -0700] \"GET http://other.test/c HTTP/1.1\" 301 0
::1 - - [10/Oct/2000:13:55:36 -0700] \"HEAD /d HTTP/1.1\" 200 0
::1 - - [10/Oct/2000:13:55:36 -0700] \"GET /e HTTP/1.1\" 500 0
::1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\\x22f HTTP/1.1\" 200 0
::1 - - [10/Oct/2000:13:55:36 -0700] \"\\x16\\x03\" 400 0
nonsense
";
        let with = popular(log, Some("http://shop.test/"));
        assert_eq!(
            urls(&with),
            ["http://shop.test/a?b=1", "http://other.test/c"]
        );
        let without = popular(log, None);
        assert_eq!(urls(&without), ["http://other.test/c"]);
        assert_eq!(without.without_host, 2);
    }

    #[test]
    fn lines_beyond_all_measure_are_passed_over() {
        let long = format!("{}\n", "x".repeat(3 * LONGEST_LINE));
        let good = "- - - [t] \"GET /a HTTP/1.1\" 200 1\n";
        let popular = popular(&format!("{long}{good}{long}{good}"), Some("http://x"));
        assert_eq!(popular.counted, 2);
    }

    #[test]
    fn what_is_popular_is_not_lost_among_the_many() {
        let mut counts = Counts {
            counts: HashMap::new(),
            room: 10,
        };
        for round in 0..1000 {
            counts.add("http://x/popular".to_owned());
            counts.add(format!("http://x/{round}"));
            assert!(counts.counts.len() <= 10);
        }
        assert_eq!(counts.top(1)[0], "http://x/popular");
    }
}
