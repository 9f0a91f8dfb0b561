//! The one table of diagnostic codes.
//!
//! A code never changes its meaning and is never used again after its mistake became impossible, so
//! that a search for `FB0204` finds the same thing in every release.

macro_rules! codes {
    ($($(#[doc = $sentence:literal])+ $variant:ident = $code:literal,)+) => {
        /// A kind of mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $sentence])+ $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code itself, `FB0101`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it means, one sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => concat!($($sentence),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    // Reading the text
    /// The file is larger than Forebay reads.
    TooLarge = "FB0001",
    /// The file is not UTF-8 text.
    NotUtf8 = "FB0002",
    /// The file is not valid YAML.
    Syntax = "FB0003",
    /// The file is empty, or not a mapping at its root.
    NotAMapping = "FB0004",
    /// A key is given twice in one mapping.
    DuplicateKey = "FB0005",
    /// The file is nested too deeply, or aliases make it too large.
    OverBudget = "FB0006",
    /// The file holds more than one document.
    SeveralDocuments = "FB0007",
    /// There are more mistakes than are worth showing.
    TooManyMistakes = "FB0008",
    /// An environment variable that the file needs is not set.
    VariableUnset = "FB0020",
    /// A `${..}` is not written as it should be.
    BadInterpolation = "FB0021",

    // The shape of the file
    /// A field does not exist.
    UnknownField = "FB0101",
    /// A value is of the wrong kind or cannot be read.
    WrongValue = "FB0102",
    /// A word is not one of those the field knows.
    UnknownWord = "FB0103",
    /// The feature is planned but not built yet.
    NotBuiltYet = "FB0104",
    /// A required field is missing.
    Missing = "FB0105",
    /// A list is empty that has to hold something.
    Empty = "FB0106",
    /// The file is written for another version of the format.
    WrongVersion = "FB0107",

    // Names
    /// A name is empty, too long or holds a character that names may not hold.
    BadName = "FB0201",
    /// A name is given twice.
    DuplicateName = "FB0202",
    /// A route, a mirror or a breaker names an upstream that does not exist.
    UnknownUpstream = "FB0203",
    /// A route uses a policy that does not exist.
    UnknownPolicy = "FB0204",
    /// No route uses the upstream, nor does another one.
    UnusedUpstream = "FB0205",
    /// No route uses the policy.
    UnusedPolicy = "FB0206",
    /// A route uses a policy twice.
    PolicyUsedTwice = "FB0207",
    /// A cache names a strategy that does not exist.
    UnknownStrategy = "FB0208",
    /// A cache key names a persona that does not exist.
    UnknownPersona = "FB0209",
    /// No cache uses the strategy.
    UnusedStrategy = "FB0210",
    /// No cache key uses the persona.
    UnusedPersona = "FB0211",

    // Numbers
    /// A number, size or duration is outside its bounds.
    OutOfBounds = "FB0301",
    /// Two settings contradict each other.
    Contradiction = "FB0302",

    // Listeners and the admin side
    /// An address cannot be read.
    BadAddress = "FB0401",
    /// Two listeners share an address.
    AddressTaken = "FB0402",
    /// A network is not an address or CIDR.
    BadNetwork = "FB0403",
    /// The admin listener is reachable by others and asks for no token.
    OpenAdmin = "FB0404",

    // Upstreams
    /// An endpoint is not a usable URL.
    BadEndpoint = "FB0501",
    /// An endpoint is listed twice in one upstream.
    DuplicateEndpoint = "FB0502",
    /// Weights are given to a balancer that does not look at them.
    UselessWeight = "FB0503",
    /// What a health check would ask for is not usable.
    BadProbe = "FB0504",
    /// What a discovery would look at is not usable.
    BadDiscovery = "FB0505",
    /// The name of a server to verify is not usable.
    BadServerName = "FB0506",

    // Routes
    /// A host pattern is not valid.
    BadHost = "FB0601",
    /// A path pattern is not valid.
    BadPath = "FB0602",
    /// A method is not valid.
    BadMethod = "FB0603",
    /// A header or query condition is not valid.
    BadCondition = "FB0604",
    /// Another route takes every request of this one.
    Unreachable = "FB0605",

    // Policies
    /// A media type pattern is not valid.
    BadMediaType = "FB0701",
    /// A query parameter pattern is not valid.
    BadQueryPattern = "FB0702",
    /// A header name is not valid.
    BadHeaderName = "FB0703",
    /// The same thing is listed twice.
    ListedTwice = "FB0704",
    /// A status is not one that the field is about.
    BadStatus = "FB0705",
    /// A language tag is not valid.
    BadLanguage = "FB0706",
    /// A header or method cannot be part of a cache key.
    NotAKeyPart = "FB0707",
    /// A tag is not valid, or speaks of a parameter that the route's path does not have.
    BadTag = "FB0708",
    /// A batch is not described in a way that can be carried out.
    BadBatch = "FB0709",
    /// What tells callers apart is a parameter that the route's path does not have.
    BadCallerKey = "FB0710",
    /// A ban counts what a limit refuses that the route does not have.
    UnknownLimit = "FB0711",
    /// A limit follows the capacity of an upstream that does not follow it itself.
    NoCapacity = "FB0712",
    /// A header that caches, clients or one connection depend on cannot be set or removed.
    ProtectedHeader = "FB0713",
    /// A field of JSON is not named in a way that leads to it.
    BadJsonPath = "FB0714",
    /// The path or pattern of a compression dictionary is not usable.
    BadDictionary = "FB0715",

    // Identity and the cache as a whole
    /// A claim is used, and nothing says how tokens are verified.
    NoIdentity = "FB0801",
    /// A signature algorithm proves nothing, alone or beside the others.
    UnsafeAlgorithm = "FB0802",
    /// A URL to warm the cache with is not usable.
    BadWarmUrl = "FB0803",
    /// The URL of a key set is not usable.
    BadKeySetUrl = "FB0804",
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
