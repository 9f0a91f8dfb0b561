use proptest::prelude::*;

use super::*;

fn ask(popularity: &Popularity, target: &str, times: usize) {
    for _ in 0..times {
        popularity.asked(0, Scheme::Http, "a.example", target);
    }
}

fn targets(popular: &[Popular]) -> Vec<(&str, u64)> {
    let each = popular.iter();
    each.map(|it| (&*it.wanted.target, it.count)).collect()
}

#[test]
fn the_most_popular_come_first() {
    let popularity = Popularity::new(8);
    for (target, times) in [("/b", 5), ("/a", 9), ("/c", 5), ("/d", 1)] {
        ask(&popularity, target, times);
    }
    let expected = [("/a", 9), ("/b", 5), ("/c", 5), ("/d", 1)];
    assert_eq!(targets(&popularity.snapshot()), expected);
    popularity.fade();
    let expected = [("/a", 4), ("/b", 2), ("/c", 2), ("/d", 0)];
    assert_eq!(targets(&popularity.snapshot()), expected);
}

#[test]
fn one_request_in_sixteen_is_counted() {
    let popularity = Popularity::new(8);
    for draw in 0..1_600 {
        popularity.asked(draw, Scheme::Http, "a.example", "/a");
    }
    assert_eq!(targets(&popularity.snapshot()), [("/a", 100)]);
}

/// A crowd of targets that are asked for once drives out none that is asked for often.
#[test]
fn a_scan_does_not_hide_what_is_popular() {
    let popularity = Popularity::new(64);
    for number in 0..10_000 {
        ask(&popularity, &format!("/once/{number}"), 1);
        ask(&popularity, &format!("/often/{}", number % 10), 1);
    }
    let snapshot = popularity.snapshot();
    assert_eq!(snapshot.len(), 64);
    let often = |it: &&Popular| it.wanted.target.starts_with("/often/");
    assert_eq!(snapshot[..10].iter().filter(often).count(), 10);
}

#[test]
fn what_is_too_long_is_not_remembered() {
    let popularity = Popularity::new(8);
    ask(&popularity, &format!("/{}", "x".repeat(LONGEST_TARGET)), 1);
    assert!(popularity.snapshot().is_empty());
}

#[test]
fn hosts_and_schemes_are_told_apart() {
    let popularity = Popularity::new(8);
    popularity.asked(0, Scheme::Http, "a.example", "/");
    popularity.asked(0, Scheme::Https, "a.example", "/");
    popularity.asked(0, Scheme::Http, "b.example", "/");
    assert_eq!(popularity.snapshot().len(), 3);
}

#[test]
fn it_survives_a_restart() {
    let before = Popularity::new(8);
    ask(&before, "/a?b=c", 3);
    ask(&before, "/d", 1);
    let file = encode(&before.snapshot());
    let expected = "forebay-popularity 1\n3 http a.example /a?b=c\n1 http a.example /d\nend 2\n";
    assert_eq!(file, expected);
    let after = Popularity::new(8);
    ask(&after, "/d", 4);
    after.load(decode(&file).unwrap());
    assert_eq!(targets(&after.snapshot()), [("/d", 5), ("/a?b=c", 3)]);
}

#[test]
fn damaged_files_are_refused() {
    for (file, expected) in [
        ("", FormatError::Unknown),
        ("forebay-popularity 2\nend 0\n", FormatError::Unknown),
        ("forebay-popularity 1\n", FormatError::CutOff),
        ("forebay-popularity 1\nend 1\n", FormatError::CutOff),
        ("forebay-popularity 1\nend 0", FormatError::CutOff),
        ("forebay-popularity 1\n1 http a /\n", FormatError::CutOff),
        (
            "forebay-popularity 1\n-1 http a /\nend 1\n",
            FormatError::Damaged(2),
        ),
        (
            "forebay-popularity 1\n1 ftp a /\nend 1\n",
            FormatError::Damaged(2),
        ),
        (
            "forebay-popularity 1\n1 http a x\nend 1\n",
            FormatError::Damaged(2),
        ),
        (
            "forebay-popularity 1\n1 http a / x\nend 1\n",
            FormatError::Damaged(2),
        ),
        (
            "forebay-popularity 1\n1 http a /\n99999999999999999999 http a /\nend 2\n",
            FormatError::Damaged(3),
        ),
    ] {
        assert_eq!(decode(file), Err(expected), "{file:?}");
    }
    assert_eq!(decode("forebay-popularity 1\nend 0\n"), Ok(vec![]));
}

fn any_popular() -> impl Strategy<Value = Vec<Popular>> {
    let scheme = prop_oneof![Just(Scheme::Http), Just(Scheme::Https)];
    let one = (scheme, "[a-z.:0-9]{1,20}", "/[!-~]{0,30}", any::<u64>());
    let one = one.prop_map(|(scheme, host, target, count)| Popular {
        wanted: Wanted {
            scheme,
            host: host.into(),
            target: target.into(),
        },
        count,
    });
    prop::collection::vec(one, 0..20)
}

proptest! {
    #[test]
    fn a_file_is_read_back_as_it_was_written(popular in any_popular()) {
        prop_assert_eq!(decode(&encode(&popular)), Ok(popular));
    }

    /// Bytes lost or changed are an error or another list, never a panic.
    #[test]
    fn damage_never_panics(popular in any_popular(), at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let mut file = encode(&popular).into_bytes();
        let place = at.index(file.len());
        prop_assert!(decode(std::str::from_utf8(&file[..place]).unwrap()).is_err());
        file[place] = byte;
        let _either = decode(std::str::from_utf8(&file).unwrap());
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,200}") {
        let _either = decode(&text);
        let _either = decode(&format!("forebay-popularity 1\n{text}\nend 1\n"));
    }

    /// Space-saving never counts too little, and never more counters than were paid for.
    #[test]
    fn counts_are_never_too_low(asks in prop::collection::vec(0_u8..40, 0..400)) {
        let popularity = Popularity::new(10);
        for number in &asks {
            ask(&popularity, &format!("/{number}"), 1);
        }
        let snapshot = popularity.snapshot();
        prop_assert!(snapshot.len() <= 10);
        for (target, count) in targets(&snapshot) {
            let truly = asks.iter().filter(|number| target == format!("/{number}")).count();
            prop_assert!(count >= truly as u64);
            prop_assert!(count <= truly as u64 + asks.len() as u64 / 10);
        }
    }
}
