//! Where an effective setting came from, so that `forebay explain` can point at it.

/// One effective setting of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its dotted path below the route, such as `cache.ttl` or `rate_limit.per_client.rate`.
    pub path: String,
    /// Its value as the file would spell it.
    pub value: String,
    /// Who said so.
    pub origin: SettingOrigin,
}

/// Who decided a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    /// Nobody; it is Forebay's default for a policy that is switched on.
    Default,
    /// A set of key fields that the route's cache key takes in.
    Persona {
        /// The persona's name.
        name: String,
        /// The line of the file, from 1.
        line: usize,
    },
    /// A named policy the route uses.
    Policy {
        /// The policy's name.
        name: String,
        /// The line of the file, from 1.
        line: usize,
    },
    /// The preset of a rate limit.
    Preset {
        /// The preset's name.
        name: &'static str,
        /// The line of the file that names it, from 1.
        line: usize,
    },
    /// The route itself.
    Route {
        /// The line of the file, from 1.
        line: usize,
    },
    /// The strategy of the route's cache.
    Strategy {
        /// The strategy's name.
        name: String,
        /// The line of the file, from 1; `None` when the strategy is built in.
        line: Option<usize>,
    },
}
