//! Single values of the file: durations, sizes, rates, whole numbers.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use crate::{ByteSize, HedgeAfter, Percent, Rate, spelling};

use super::At;

/// `30s`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Duration);

/// `64KiB`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) ByteSize);

/// `100/s`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace(pub(crate) Rate);

/// `20%`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(pub(crate) Percent);

/// `125%`: a share that may be more than the whole, in hundredths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load(pub(crate) u16);

/// `p95`, `95%` or `50ms`
#[derive(Clone, Copy, Debug)]
pub(crate) struct After(pub(crate) HedgeAfter);

/// `1.9`: a number with at most one decimal, in tenths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenths(pub(crate) u32);

/// Durations by status code; whether the keys are such codes is for `check` to say.
#[derive(Clone, Debug)]
pub(crate) struct ByStatus(Vec<(String, At<Time>)>);

/// A whole number, not negative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

/// What the text values have in common.
trait Spelled: Sized {
    const EXPECTED: &'static str;
    const NAME: &'static str;
    const PATTERN: &'static str;
    fn read(text: &str) -> Option<Self>;
}

struct SpelledVisitor<T>(PhantomData<T>);
struct CountVisitor;
struct TenthsVisitor;
struct ByStatusVisitor;

// === impl Time ===

impl Spelled for Time {
    const EXPECTED: &'static str = "a duration such as 250ms, 30s, 5m, 1h30m or 2d";
    const NAME: &'static str = "duration";
    const PATTERN: &'static str = r"^([0-9]+(d|h|ms|m|s))+$|\$\{";

    fn read(text: &str) -> Option<Self> {
        spelling::parse_duration(text).ok().map(Self)
    }
}

// === impl Size ===

impl Spelled for Size {
    const EXPECTED: &'static str = "a size such as 512B, 64KiB, 10MB or 1GiB";
    const NAME: &'static str = "size";
    const PATTERN: &'static str = r"^[0-9]+ *([KMGT]i?)?B$|\$\{";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

// === impl Pace ===

impl Spelled for Pace {
    const EXPECTED: &'static str =
        "a rate such as 100/s, 60/min, 3/h or 5/10s, at least one and at most a billion a second";
    const NAME: &'static str = "rate";
    const PATTERN: &'static str = r"^[0-9]+/(s|m|min|h|d|([0-9]+(d|h|ms|m|s))+)$|\$\{";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

// === impl Share ===

impl Spelled for Share {
    const EXPECTED: &'static str = "a percentage such as 20%, at most 100%";
    const NAME: &'static str = "percentage";
    const PATTERN: &'static str = r"^0*(100|[0-9]{1,2})%$|\$\{";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

// === impl Load ===

impl Spelled for Load {
    const EXPECTED: &'static str = "a percentage above 100% such as 125%";
    const NAME: &'static str = "load";
    const PATTERN: &'static str = r"^[0-9]+%$|\$\{";

    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('%')?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain).map(Self)
    }
}

// === impl After ===

impl Spelled for After {
    const EXPECTED: &'static str = "a percentile such as p95, or a duration such as 50ms";
    const NAME: &'static str = "percentile or duration";
    const PATTERN: &'static str = r"^(p[0-9]{1,2}|[0-9]{1,2}%|([0-9]+(d|h|ms|m|s))+)$|\$\{";

    fn read(text: &str) -> Option<Self> {
        let share = match text.strip_prefix('p') {
            Some(digits) => format!("{digits}%").parse().ok(),
            None => text.parse().ok(),
        };
        let percentile = share.map(HedgeAfter::Percentile);
        let time = || spelling::parse_duration(text).ok().map(HedgeAfter::Time);
        percentile.or_else(time).map(Self)
    }
}

// === impl ByStatus ===

impl ByStatus {
    /// Each status as written, with its duration.
    pub(crate) fn entries(&self) -> &[(String, At<Time>)] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ByStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByStatusVisitor)
    }
}

impl<'de> Visitor<'de> for ByStatusVisitor {
    type Value = ByStatus;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("durations by status, such as {404: 30s}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByStatus, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(ByStatus(entries))
    }
}

impl JsonSchema for ByStatus {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "durations by status".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Time>();
        json_schema!({
            "type": "object",
            "propertyNames": {"pattern": "^[45][0-9]{2}$"},
            "additionalProperties": time
        })
    }
}

// === impl Count ===

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(CountVisitor)
    }
}

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(Count(number))
    }
}

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 0})
    }
}

// === impl Tenths ===

impl<'de> Deserialize<'de> for Tenths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(TenthsVisitor)
    }
}

impl Visitor<'_> for TenthsVisitor {
    type Value = Tenths;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number with at most one decimal, such as 1.9")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Tenths, E> {
        let tenths = u32::try_from(number).ok().and_then(|n| n.checked_mul(10));
        let wrong = || E::invalid_value(de::Unexpected::Other("a number"), &self);
        tenths.map(Tenths).ok_or_else(wrong)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Tenths, E> {
        // Written with one decimal it must be the same number again.
        let text = format!("{number:.1}");
        let same = text.parse() == Ok(number);
        let tenths = text.replace('.', "").parse().ok().filter(|_| same);
        let wrong = || E::invalid_value(de::Unexpected::Other("a number"), &self);
        tenths.map(Tenths).ok_or_else(wrong)
    }
}

impl JsonSchema for Tenths {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "tenths".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0})
    }
}

// === impl SpelledVisitor ===

impl<T: Spelled> Visitor<'_> for SpelledVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).ok_or_else(|| E::invalid_value(de::Unexpected::Other("text"), &self))
    }
}

macro_rules! spelled {
    ($($name:ident),+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(SpelledVisitor(PhantomData))
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                <Self as Spelled>::NAME.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": <Self as Spelled>::PATTERN})
            }
        }
    )+};
}

spelled!(After, Load, Pace, Share, Size, Time);
