use proptest::prelude::*;

use super::*;

#[test]
fn durations() {
    for (text, millis) in [
        ("0s", 0),
        ("250ms", 250),
        ("30s", 30_000),
        ("5m", 300_000),
        ("1h30m", 5_400_000),
        ("2d", 172_800_000),
        ("1d1h1m1s1ms", 90_061_001),
    ] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_millis(millis)),
            "{text}"
        );
    }
    for text in [
        "",
        "s",
        "30",
        "30 s",
        "30S",
        "-1s",
        "1.5s",
        "1m1h",
        "1s1s",
        "1us",
        "99999999999999999999s",
        "999999999999999d",
        "١s",
    ] {
        assert_eq!(parse_duration(text), Err(DURATION), "{text}");
    }
}

#[test]
fn percentages() {
    for (text, hundredths) in [("0%", 0), ("5%", 5), ("100%", 100), ("007%", 7)] {
        assert_eq!(text.parse(), Ok(Percent::of(hundredths)), "{text}");
    }
    for text in ["", "%", "5", "5 %", "-5%", "5.5%", "101%", "٥%", "5%%"] {
        assert_eq!(text.parse::<Percent>(), Err(PERCENT), "{text}");
    }
    assert_eq!(Percent::of(7).to_string(), "7%");
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("0B", 0),
        ("512B", 512),
        ("64KiB", 65_536),
        ("10MB", 10_000_000),
        ("1 GiB", 1 << 30),
    ] {
        assert_eq!(text.parse(), Ok(ByteSize::from_bytes(bytes)), "{text}");
    }
    for text in [
        "",
        "12",
        "1.5MiB",
        "KiB",
        "1kib",
        "-1B",
        "99999999TiB",
        "1XB",
    ] {
        assert_eq!(text.parse::<ByteSize>(), Err(SIZE), "{text}");
    }
    assert_eq!(ByteSize::from_bytes(10_000_000).to_string(), "10MB");
    assert_eq!(ByteSize::from_bytes(1 << 20).to_string(), "1MiB");
}

#[test]
fn rates() {
    for (text, events, seconds) in [
        ("100/s", 100, 1),
        ("60/min", 60, 60),
        ("60/m", 60, 60),
        ("3/h", 3, 3_600),
        ("2/d", 2, 86_400),
        ("5/10s", 5, 10),
    ] {
        assert_eq!(
            text.parse(),
            Rate::new(events, Duration::from_secs(seconds)),
            "{text}"
        );
    }
    for text in [
        "",
        "0/s",
        "1/0s",
        "/s",
        "1",
        "1/",
        "+1/s",
        "-1/s",
        "1/s/s",
        "4294967296/s",
        "9/1ns",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn durations_read_back(millis in any::<u64>()) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
    }

    #[test]
    fn sizes_read_back(bytes in prop_oneof![any::<u64>(), (0_u64..4096).prop_map(|n| n << 20)]) {
        let size = ByteSize::from_bytes(bytes);
        prop_assert_eq!(size.to_string().parse(), Ok(size));
    }

    #[test]
    fn rates_read_back(events in 1_u32..1_000_000, millis in 1_u64..1_000_000_000) {
        let rate = Rate::new(events, Duration::from_millis(millis));
        if let Ok(rate) = rate {
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC*") {
        let _ = parse_duration(&text);
        let _ = text.parse::<ByteSize>();
        let _ = text.parse::<Rate>();
    }
}
