//! Dates that lie before or after now, in every format that HTTP knows (RFC 9110, section 5.6.7).

use std::time::{Duration, SystemTime};

use crate::deadline::wall;

/// Replaces `{now}`, `{now+60}` and `{now-60}` (in seconds) with dates; `{rfc850 now}` and
/// `{asctime now}` write them in the obsolete formats. Everything else stays as it is.
pub fn filled(text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((inside, behind)) if inside.contains("now") => {
                filled.push_str(&date(inside));
                rest = behind;
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// What tokens call now: whole seconds since 1970.
pub fn seconds_since_epoch() -> u64 {
    let since = wall().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn date(described: &str) -> String {
    let (format, offset) = described.split_once("now").unwrap();
    let seconds: i64 = match offset {
        "" => 0,
        offset => offset.parse().expect("a number of seconds with its sign"),
    };
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        wall() - distance
    } else {
        wall() + distance
    };
    let preferred = httpdate::fmt_http_date(time);
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let parts: Vec<&str> = preferred.split([' ', ',']).collect();
    let [weekday, "", day, month, year, clock, zone] = parts[..] else {
        panic!("not a date: {preferred}");
    };
    match format.trim() {
        "" => preferred,
        "asctime" => {
            let day = day.trim_start_matches('0');
            format!("{weekday} {month} {day:>2} {clock} {year}")
        }
        "rfc850" => {
            let digits = &year[2..];
            format!("{}, {day}-{month}-{digits} {clock} {zone}", long(weekday))
        }
        other => panic!("no such format: {other}"),
    }
}

fn long(weekday: &str) -> String {
    let ending = match weekday {
        "Sat" => "urday",
        "Thu" => "rsday",
        "Tue" => "sday",
        "Wed" => "nesday",
        _ => "day",
    };
    format!("{weekday}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_names_the_same_second() {
        for text in ["{now+60}", "{rfc850 now+60}", "{asctime now+60}"] {
            let parsed = httpdate::parse_http_date(&filled(text)).unwrap();
            let ahead = parsed.duration_since(wall()).unwrap().as_secs();
            assert!((55..=60).contains(&ahead), "{text}: {}", filled(text));
        }
    }

    #[test]
    fn only_dates_are_filled_in() {
        let path = "{path} {now-5} } {";
        let filled = filled(path);
        assert!(filled.starts_with("{path} "), "{filled}");
        assert!(filled.ends_with(" GMT } {"), "{filled}");
    }
}
