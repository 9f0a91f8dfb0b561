//! What kind of device a `User-Agent` stands for.
//!
//! There are more user agents than any cache could keep variants for, so they are put into four
//! classes that sites really tell apart. The table is short on purpose: it is for choosing between
//! page layouts, not for statistics. The first row that fits decides.
//!
//! | words, in any case | class |
//! |---|---|
//! | `bot`, `crawl`, `spider`, `slurp`, `facebookexternalhit`, `mediapartners` | bot |
//! | `ipad`, `tablet`, `kindle`, `silk/`, `playbook` | tablet |
//! | `android` without `mobile` | tablet |
//! | `mobi`, `iphone`, `ipod`, `android`, `blackberry`, `opera mini`, `windows phone` | mobile |
//! | anything else, and no `User-Agent` at all | desktop |

use http::{HeaderMap, header};

/// A class of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// A program that reads for a search engine, a preview or the like.
    Bot,
    /// A computer, and whatever does not say what it is.
    Desktop,
    /// A telephone.
    Mobile,
    /// A tablet.
    Tablet,
}

/// Longer user agents are read up to here: what they are stands near the beginning.
const READ: usize = 512;

const BOTS: [&str; 6] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "facebookexternalhit",
    "mediapartners",
];

const TABLETS: [&str; 5] = ["ipad", "tablet", "kindle", "silk/", "playbook"];

const MOBILES: [&str; 7] = [
    "mobi",
    "iphone",
    "ipod",
    "android",
    "blackberry",
    "opera mini",
    "windows phone",
];

// === impl Device ===

impl Device {
    /// The class of the first `User-Agent`.
    pub fn of(request: &HeaderMap) -> Self {
        let Some(agent) = request.get(header::USER_AGENT) else {
            return Self::Desktop;
        };
        let agent = agent.as_bytes();
        let agent = &agent[..agent.len().min(READ)];
        let says = |words: &[&str]| words.iter().any(|word| contains(agent, word));
        if says(&BOTS) {
            Self::Bot
        } else if says(&TABLETS) || (says(&["android"]) && !says(&["mobile"])) {
            Self::Tablet
        } else if says(&MOBILES) {
            Self::Mobile
        } else {
            Self::Desktop
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
        }
    }
}

fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::testing::headers;

    #[test]
    fn agents() {
        for (agent, wanted) in [
            ("", "desktop"),
            ("curl/8.5.0", "desktop"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148",
                "mobile",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Mobile/15E148",
                "tablet",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120.0 Mobile Safari/537.36",
                "mobile",
            ),
            (
                "Mozilla/5.0 (Linux; Android 13; SM-X200) Chrome/120.0 Safari/537.36",
                "tablet",
            ),
            (
                "Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0",
                "tablet",
            ),
            ("Opera/9.80 (J2ME/MIDP; Opera Mini/9) Presto", "mobile"),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "bot",
            ),
            (
                "Mozilla/5.0 (Linux; Android 6.0.1) Mobile (compatible; GOOGLEBOT/2.1)",
                "bot",
            ),
        ] {
            let fields = headers(&[("user-agent", agent)]);
            assert_eq!(Device::of(&fields).as_str(), wanted, "{agent}");
        }
        assert_eq!(Device::of(&headers(&[])), Device::Desktop);
    }

    #[test]
    fn long_agents_are_not_read_to_their_end() {
        let agent = format!("{}iphone", "x".repeat(READ));
        let fields = headers(&[("user-agent", &agent)]);
        assert_eq!(Device::of(&fields), Device::Desktop);
    }
}
