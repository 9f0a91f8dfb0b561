//! Limits on callers and the penalty box, as the file spells them.

mod cost;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    At, CallerPartFile, Count, ModeWord, OneOrList, OrOff, Pace, Share, Time, UnknownCallerWord,
};

pub(crate) use cost::{CostFields, CostFile};

/// One named rate limit. A limit of the same name further on refines it field by field.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RateLimit")]
pub(crate) struct LimitFile {
    /// Its name in metrics and response headers.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// Says what nothing else does: `default` is 60/min; `login` 5/min in a sliding window;
    /// `password_reset` 3/h in a sliding window; `expensive` 10/min with a burst of 3; each for every
    /// client address. Default none.
    pub(crate) preset: Option<At<PresetWord>>,
    /// The sustained rate, such as `100/s` or `60/min`, over 30 days at most. Required, here, in the
    /// limit refined or by a `preset`.
    pub(crate) rate: Option<At<Pace>>,
    /// How many requests may come at once after a rest, 1 to 1000000; not with `sliding_window`.
    /// Default the number in `rate`.
    pub(crate) burst: Option<At<Count>>,
    /// How requests are counted: `gcra` is a steady rate and so many at once after a rest,
    /// `sliding_window` never more than the quota in any window. Default `gcra`.
    pub(crate) algorithm: Option<At<AlgorithmWord>>,
    /// Who counts as one caller: `client_ip`, `{header: X-Api-Key}`, `{cookie: session}`,
    /// `{path: id}`, `{claim: sub}`, several of them in a list, or `everybody`. Default `client_ip`.
    pub(crate) key: Option<At<OneOrList<CallerPartFile>>>,
    /// What becomes of requests of which a part of the key is not known: they `share` one allowance,
    /// are not counted (`allow`), count by address (`client_ip`) or are refused (`deny`). Default
    /// `share`.
    pub(crate) on_unknown: Option<At<UnknownCallerWord>>,
    /// What a request takes from the quota: a number, or a mapping. Default `1`.
    pub(crate) cost: Option<At<CostFile>>,
    /// Which requests count: those of the `caller`, answered from the cache or not, or only those that
    /// reach the `upstream`. Default `caller`.
    pub(crate) scope: Option<At<ScopeWord>>,
    /// How long a request may wait for its turn instead of being refused, 1ms to 1m; at most 64 of one
    /// caller wait at the same time (64 of one client address where callers share the limit), and 512
    /// of one client address under all limits together; the others are refused. Of clients that come
    /// through a Unix socket without an address only the callers count. Default `off`.
    pub(crate) queue: Option<At<OrOff<Time>>>,
    /// Tightens the limit while the upstream's `capacity` is short. Default `off`.
    pub(crate) adapt: Option<At<OrOff<AdaptFile>>>,
    /// Which fields tell callers about it: `draft` (`RateLimit`, `RateLimit-Policy`), `legacy`
    /// (`X-RateLimit-*`), `both` or `none`. Default `draft`.
    pub(crate) headers: Option<At<LimitFieldsWord>>,
}

/// How a limit follows the capacity of the route's upstream, which needs `capacity`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Adapt")]
pub(crate) struct AdaptFile {
    /// The share of the rate that every caller keeps, 1% to 100%. Default `20%`.
    pub(crate) min: Option<At<Share>>,
    /// Whose callers share fairly what there is; spelled like `key`. Default each caller by itself.
    pub(crate) tenant: Option<At<OneOrList<CallerPartFile>>>,
    /// How long a request over the tightened limit is delayed before it is refused, 1ms to 1m.
    /// Default `off`.
    pub(crate) delay: Option<At<OrOff<Time>>>,
}

/// A class of endpoint that an API usually has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum PresetWord {
    Default,
    Login,
    PasswordReset,
    Expensive,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum AlgorithmWord {
    Gcra,
    SlidingWindow,
}

/// Which requests count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ScopeWord {
    Caller,
    Upstream,
}

/// Which fields tell callers about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum LimitFieldsWord {
    Draft,
    Legacy,
    Both,
    None,
}

/// One named limit on what a caller has in flight. One of the same name further on refines it field by
/// field.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Concurrency")]
pub(crate) struct ConcurrencyFile {
    /// Its name in metrics; no rate limit of the route has the same.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// Requests of one caller at the same time, 1 to 1000000. Required, here or in the limit refined.
    pub(crate) max: Option<At<Count>>,
    /// Who counts as one caller, as in rate limits. Default `client_ip`.
    pub(crate) key: Option<At<OneOrList<CallerPartFile>>>,
    /// What becomes of requests of which a part of the key is not known, as in rate limits. Default
    /// `share`.
    pub(crate) on_unknown: Option<At<UnknownCallerWord>>,
    /// How long a request may wait for a place, 1ms to 1m; at most 64 of one caller wait at the same
    /// time, and 512 of one client address, as under rate limits. Default `off`.
    pub(crate) queue: Option<At<OrOff<Time>>>,
}

/// One named penalty box: callers that are shut out for a while. Routes with a box of the same name
/// share it. One of the same name further on refines it field by field.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ban")]
pub(crate) struct BanFile {
    /// Its name in metrics, events and the admin API.
    #[schemars(required)]
    pub(crate) name: Option<At<String>>,
    /// `enforce`, `shadow` (decide and report only) or `off`. Default `enforce`.
    pub(crate) mode: Option<At<ModeWord>>,
    /// What is counted: `{status: [401, 403]}` of the origin's answers, `{limited: NAME}` for what
    /// that limit of the route refuses, `{limited: any}` for what any does, or `{score: 5}` for what
    /// the shield's rules give so many points. Required, here or in the ban refined.
    pub(crate) when: Option<At<BanWhenFile>>,
    /// So many of it ban the caller, 1 to 100000. Default `10`.
    pub(crate) count: Option<At<Count>>,
    /// Within this time, 1s to 1d. Default `1m`.
    pub(crate) within: Option<At<Time>>,
    /// Who counts as one caller, as in rate limits; requests of which a part is not known are not
    /// counted. With `when: {limited: ..}` it is the key of the limit or a part of it: what a limit
    /// of other callers refuses does not count. Default `client_ip`.
    pub(crate) key: Option<At<OneOrList<CallerPartFile>>>,
    /// How long the first ban lasts, 1s to 30d; each further one lasts twice as long. Default `5m`.
    pub(crate) duration: Option<At<Time>>,
    /// How long a ban may last, at most 30d; a caller that was good for as long begins anew. Default
    /// `1d`, or `duration` if that is more.
    pub(crate) max_duration: Option<At<Time>>,
}

/// What counts towards a ban.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum BanWhenFile {
    /// The origin answered with one of these.
    Status(At<Vec<At<Count>>>),
    /// This limit refused the request, or `any` did.
    Limited(At<String>),
    /// The shield's rules gave the request at least so many points.
    Score(At<Count>),
}
