//! What a run is asked for. The flags of Rust's own test harness are taken and mean nothing here.

/// What somebody wants.
pub(crate) enum Wanted {
    /// The names of all targets.
    List,
    /// Inputs for targets.
    Run(Arguments),
}

/// How far to go.
pub(crate) struct Arguments {
    /// Only targets of this name.
    only: Option<String>,
    /// Only targets whose names have one of these in them, as in `cargo test NAME`.
    filters: Vec<String>,
    /// How many inputs each target gets.
    pub(crate) runs: u64,
    /// Where the inputs come from.
    pub(crate) seed: u64,
}

/// Inputs for each target when nobody says more: a few seconds for all of them, without optimisation.
const RUNS: u64 = 2_000;

/// Where inputs come from when nobody says, so that a test fails again when it has failed.
const SEED: u64 = 1;

// === impl Arguments ===

impl Arguments {
    /// Reads the command line; an error is a sentence.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Wanted, String> {
        let (mut only, mut filters, mut runs, mut seed) = (None, Vec::new(), None, None);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--list" => return Ok(Wanted::List),
                "--runs" => runs = Some(number(&value()?)?),
                "--seed" => seed = Some(number(&value()?)?),
                "--target" => only = Some(value()?),
                "--test-threads" | "--format" | "--color" | "--skip" => drop(value()?),
                flag if flag.starts_with('-') => {}
                filter => filters.push(filter.to_owned()),
            }
        }
        if let Some(name) = &only
            && !super::TARGETS.iter().any(|target| target.name == name)
        {
            let names: Vec<_> = super::TARGETS.iter().map(|target| target.name).collect();
            return Err(format!("no target {name}; there are {}", names.join(", ")));
        }
        Ok(Wanted::Run(Self {
            only,
            filters,
            // Whoever asks for more wants other inputs than those of every day.
            seed: seed.unwrap_or_else(|| runs.map_or(SEED, |_| fastrand::u64(1..1 << 32))),
            runs: runs.unwrap_or(RUNS),
        }))
    }

    /// Whether a target is among those that were asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let filtered = |filter: &String| name.contains(filter.as_str());
        self.only.as_ref().is_none_or(|only| only == name)
            && (self.filters.is_empty() || self.filters.iter().any(filtered))
    }
}

fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    digits
        .parse()
        .map_err(|_| format!("{text} is not a number"))
}
