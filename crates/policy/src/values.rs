//! Small values that refuse nonsense at birth, so that nobody has to check again.

use std::{num::NonZeroU32, time::Duration};

/// Why a value was refused; the text completes "expected ...".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidValue {
    /// What would have been right, with an example.
    pub expected: &'static str,
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// So many events in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    events: NonZeroU32,
    per: Duration,
}

/// A relative share, 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

/// A share, 0 to 100 percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

// === impl ByteSize ===

impl ByteSize {
    /// This many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

// === impl Rate ===

impl Rate {
    /// `events` in each `per`; refuses none, and an empty or immeasurably short time.
    pub fn new(events: u32, per: Duration) -> Result<Self, InvalidValue> {
        let wrong = InvalidValue {
            expected: "a rate such as 100/s, 60/min or 3/h, at least one and at most a billion a second",
        };
        let events = NonZeroU32::new(events).ok_or_else(|| wrong.clone())?;
        let rate = Self { events, per };
        if per.is_zero() || rate.interval().is_zero() {
            return Err(wrong);
        }
        Ok(rate)
    }

    /// How many events.
    pub const fn events(self) -> u32 {
        self.events.get()
    }

    /// In how much time.
    pub const fn per(self) -> Duration {
        self.per
    }

    /// The time between two events at exactly this rate.
    pub fn interval(self) -> Duration {
        self.per / self.events.get()
    }
}

// === impl Weight ===

impl Weight {
    /// The weight of an endpoint that says nothing.
    pub const ONE: Self = Self(1);

    /// A weight from 1 to 1000.
    pub const fn new(weight: u16) -> Result<Self, InvalidValue> {
        if weight == 0 || weight > 1000 {
            return Err(InvalidValue {
                expected: "a weight from 1 to 1000",
            });
        }
        Ok(Self(weight))
    }

    /// The number.
    pub const fn value(self) -> u16 {
        self.0
    }
}

// === impl Percent ===

impl Percent {
    /// This many hundredths, at most all of them.
    pub const fn of(hundredths: u8) -> Self {
        Self(if hundredths > 100 { 100 } else { hundredths })
    }

    /// The number of hundredths.
    pub const fn hundredths(self) -> u8 {
        self.0
    }
}
