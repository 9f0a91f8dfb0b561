//! The strategies that are built in: one table, and why each number is what it is.
//!
//! They speak only where the origin is silent, so they may be bold about age and must be careful
//! about meaning. None has cases, so that a `ttl` beside the strategy's name is the one that counts;
//! and none makes an error outlive a deployment by much.

use std::time::Duration;

use http::StatusCode;

use crate::values::Percent;

use super::{EarlyRefresh, Heuristic, Lifetimes, NegativeTtl, Times};

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One line of the table; times in seconds, shares in percent.
struct BuiltIn {
    name: &'static str,
    ttl: u64,
    stale_while_revalidate: u64,
    stale_if_error: u64,
    negative: &'static [(StatusCode, u64)],
    heuristic: (u8, u64),
    jitter: u8,
    early_refresh: EarlyRefresh,
}

const TABLE: [BuiltIn; 4] = [
    // Computed over many rows and slow to compute: age hardly matters, computing it twice does. Many
    // are asked for at the full hour, hence more jitter and renewal ahead of time.
    BuiltIn {
        name: "analytics",
        ttl: 5 * MINUTE,
        stale_while_revalidate: 10 * MINUTE,
        stale_if_error: HOUR,
        negative: &[(StatusCode::NOT_FOUND, 30 * SECOND)],
        heuristic: (0, HOUR),
        jitter: 10,
        early_refresh: EarlyRefresh::On,
    },
    // Shared reads of an API: half a minute takes nearly all load off and is rarely noticed. What is
    // missing may be created the next moment; what is gone stays so. When a row was last changed says
    // nothing about the next time, so there is no guessing from `Last-Modified`.
    BuiltIn {
        name: "api",
        ttl: 30 * SECOND,
        stale_while_revalidate: 30 * SECOND,
        stale_if_error: 10 * MINUTE,
        negative: &[
            (StatusCode::NOT_FOUND, 5 * SECOND),
            (StatusCode::GONE, MINUTE),
        ],
        heuristic: (0, HOUR),
        jitter: 5,
        early_refresh: EarlyRefresh::Off,
    },
    // Images, scripts and fonts, which change with a deployment: a day, and an old one is better than
    // none for a week. A file that is missing may be on its way to the server.
    BuiltIn {
        name: "static",
        ttl: DAY,
        stale_while_revalidate: HOUR,
        stale_if_error: 7 * DAY,
        negative: &[
            (StatusCode::NOT_FOUND, 30 * SECOND),
            (StatusCode::GONE, 5 * MINUTE),
        ],
        heuristic: (10, DAY),
        jitter: 10,
        early_refresh: EarlyRefresh::Off,
    },
    // What one user sees of their own: long enough for a page that asks twice, too short to be caught
    // with an old basket. No copies while renewing, no errors, no chance: users expect to see what
    // they just did. Nothing lines up across users, so there is no jitter either.
    BuiltIn {
        name: "user",
        ttl: 5 * SECOND,
        stale_while_revalidate: 0,
        stale_if_error: MINUTE,
        negative: &[],
        heuristic: (0, HOUR),
        jitter: 0,
        early_refresh: EarlyRefresh::Off,
    },
];

/// The names of the strategies that are built in, sorted.
pub(crate) fn built_in_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|strategy| strategy.name)
}

/// The strategy of this name, when it is built in.
pub(crate) fn built_in(name: &str) -> Option<Lifetimes> {
    let strategy = TABLE.iter().find(|strategy| strategy.name == name)?;
    Some(Lifetimes::from(strategy))
}

// === impl Lifetimes ===

impl From<&BuiltIn> for Lifetimes {
    fn from(strategy: &BuiltIn) -> Self {
        let time = Duration::from_secs;
        let negative = strategy.negative.iter().map(|(status, ttl)| NegativeTtl {
            status: *status,
            ttl: time(*ttl),
        });
        Self {
            times: Times {
                ttl: Some(time(strategy.ttl)),
                stale_while_revalidate: Some(time(strategy.stale_while_revalidate)),
                stale_if_error: Some(time(strategy.stale_if_error)),
            },
            cases: Vec::new(),
            negative: negative.collect(),
            heuristic: Heuristic {
                share: Percent::of(strategy.heuristic.0),
                max: time(strategy.heuristic.1),
            },
            jitter: Percent::of(strategy.jitter),
            early_refresh: strategy.early_refresh,
        }
    }
}
