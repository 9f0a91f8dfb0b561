//! Origins that contradict themselves: whatever they say, nobody gets a wrong answer, the cache does not
//! grow, and what the origin did answer is not turned into an error of ours.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Ask, Origin, Reply, Sidecar, eventually};

use crate::{forebay, numbered};

fn caching(origin: &Origin) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies("cache: {ttl: 60s, max_variants: 8}")
        .start()
}

/// So many URLs are held in the end, in memory that suits them.
#[track_caller]
fn assert_holds(sidecar: &Sidecar, entries: f64) {
    sidecar.wait_for_metric("forebay_cache_entries", &[], entries);
    let bytes = sidecar.metric("forebay_cache_bytes", &[]);
    assert!(bytes < 64_000.0 * (entries + 1.0), "{bytes} bytes");
}

#[test]
fn a_tag_that_changes_with_each_answer() {
    for control in ["no-cache", "max-age=0"] {
        let count = AtomicUsize::new(0);
        let origin = Origin::http(move |_| {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            Reply::ok(format!("answer {number}"))
                .header("Cache-Control", control)
                .header("ETag", format!("\"{number}\""))
        });
        let sidecar = caching(&origin);
        for number in 1..=30 {
            assert_eq!(sidecar.get("/").text(), format!("answer {number}"));
            let known = (number > 1).then(|| format!("\"{}\"", number - 1));
            assert_eq!(origin.last().header("if-none-match"), known.as_deref());
        }
        assert_holds(&sidecar, 1.0);
    }
}

#[test]
fn a_304_that_nobody_asked_for() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Reply::status(304).header("Cache-Control", "max-age=60"),
        _ => Reply::ok("good").header("Cache-Control", "max-age=60"),
    });
    let sidecar = caching(&origin);
    for _ in 0..2 {
        let response = sidecar.get("/");
        // There is nothing to give to a client that has nothing yet.
        assert_eq!(response.status, 502);
        assert!(!response.cache_status().contains("stored"), "{response:?}");
    }
    assert_eq!(sidecar.get("/").text(), "good");
    assert_eq!(sidecar.get("/").text(), "good");
    assert_eq!(origin.count(), 3);
}

#[test]
fn a_304_to_everything_is_asked_twice_and_no_more() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::ok("first")
            .header("Cache-Control", "no-cache")
            .header("ETag", "\"1\""),
        _ => Reply::status(304).header("ETag", "\"another\""),
    });
    let sidecar = caching(&origin);
    sidecar.get("/");
    let confused = sidecar.get("/");
    assert_ne!(
        confused.text(),
        "first",
        "that is what another tag was about"
    );
    assert_eq!(origin.count(), 3);
}

#[test]
fn a_304_about_something_else_is_asked_again_plainly() {
    let origin = Origin::http(|request| {
        match request.header("if-none-match") {
            Some(_) => Reply::status(304).header("ETag", "\"another\""),
            None => Reply::ok("whole").header("ETag", "\"1\""),
        }
        .header("Cache-Control", "no-cache")
    });
    let sidecar = caching(&origin);
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "whole");
    }
    assert_holds(&sidecar, 1.0);
}

/// Says these bytes to each request of a connection.
fn saying(text: &'static str) -> Origin {
    Origin::scripted(move |mut conversation| {
        while conversation.request().is_some() {
            conversation.say(text);
        }
    })
}

#[test]
fn more_bytes_than_were_announced_are_nobodys_answer() {
    let origin = saying(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\n\
         goodHTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nevil",
    );
    let sidecar = caching(&origin);
    for path in ["/a", "/b", "/a", "/c", "/b"] {
        assert_eq!(sidecar.get(path).text(), "good", "{path}");
    }
}

#[test]
fn a_body_that_answers_head_or_comes_with_a_304_is_nobodys_answer() {
    let origin = Origin::scripted(|mut conversation| {
        while let Some(request) = conversation.request() {
            let status = match request.header("if-none-match") {
                Some(_) => "304 Not Modified",
                None => "200 OK",
            };
            conversation.say(format!(
                "HTTP/1.1 {status}\r\nCache-Control: no-cache\r\nETag: \"1\"\r\n\
                 Content-Length: 4\r\n\r\ngood"
            ));
        }
    });
    let sidecar = caching(&origin);
    for _ in 0..4 {
        sidecar.ask(&Ask::new("HEAD", "/head"));
        // Whatever is left of such an answer is not what comes next.
        let response = eventually("a whole answer", || {
            Some(sidecar.get("/")).filter(|response| response.status == 200)
        });
        assert_eq!(response.text(), "good");
    }
}

#[test]
fn lengths_that_contradict_each_other_are_an_error_and_not_kept() {
    for lines in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4, 5",
        "Content-Length: -4",
        "Content-Length: +4",
        "Content-Length: 4x",
        "Content-Length: 99999999999999999999999999",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n{lines}\r\n\r\ngood!");
        let origin = saying(text.leak());
        let sidecar = caching(&origin);
        for _ in 0..2 {
            assert_eq!(sidecar.get("/").status, 502, "{lines}");
        }
        assert_holds(&sidecar, 0.0);
    }
}

#[test]
fn a_thousand_fields_to_vary_by() {
    let names: Vec<String> = (0..1000).map(|n| format!("X-Field-{n}")).collect();
    let vary = names.join(", ");
    let origin = Origin::http(move |request| {
        Reply::ok(request.header("x-field-5").unwrap_or("none"))
            .header("Cache-Control", "max-age=60")
            .header("Vary", vary.clone())
    });
    let sidecar = caching(&origin);
    for _ in 0..2 {
        assert_eq!(sidecar.get("/").text(), "none");
        for value in 0..40 {
            let value = format!("{value}");
            let ask = Ask::get("/").header("X-Field-5", &value);
            assert_eq!(sidecar.ask(&ask).text(), value);
        }
    }
    sidecar.wait_for_metric("forebay_cache_entries", &[], 1.0);
    // Eight variants, and no more.
    let bytes = sidecar.metric("forebay_cache_bytes", &[]);
    assert!(bytes < 2_000_000.0, "{bytes} bytes");
}

#[test]
fn something_else_to_vary_by_each_time() {
    let count = AtomicUsize::new(0);
    let origin = Origin::http(move |request| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Reply::ok(format!("{:?}", request.header("x-a")))
            .header("Cache-Control", "max-age=60")
            .header(
                "Vary",
                if number.is_multiple_of(2) {
                    "X-A"
                } else {
                    "X-A, X-B"
                },
            )
    });
    let sidecar = caching(&origin);
    for value in 0..60 {
        let value = format!("{}", value % 20);
        let ask = Ask::get("/").header("X-A", &value).header("X-B", &value);
        assert_eq!(sidecar.ask(&ask).text(), format!("{:?}", Some(value)));
    }
    assert_holds(&sidecar, 1.0);
}

/// Every answer with the lines of a case arrives as it is, whether it is kept or not.
#[track_caller]
fn all_answered(cases: &[Vec<String>]) {
    let told = cases.to_vec();
    let origin = Origin::http(move |request| {
        let case: usize = request.target[1..].parse().unwrap();
        let reply = Reply::ok(format!("answer to {case}"));
        told[case]
            .iter()
            .fold(reply, |reply, line| reply.line(line))
    });
    let mut sidecar = caching(&origin);
    for (number, case) in cases.iter().enumerate() {
        for _ in 0..3 {
            let response = sidecar.get(&format!("/{number}"));
            assert_eq!(response.status, 200, "{case:?}");
            assert_eq!(response.text(), format!("answer to {number}"), "{case:?}");
        }
    }
    sidecar.assert_alive();
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn absurd_fields_change_nothing_about_the_answer() {
    let directives = "x-unheard-of=\"1, 2\", ".repeat(500);
    let long = format!("Cache-Control: {directives}max-age=60");
    let huge_tag = format!("ETag: \"{}\"", "t".repeat(8_000));
    let tags = format!("Surrogate-Key: {}", "tag-x ".repeat(2_000));
    all_answered(&[
        owned(&[&long]),
        owned(&[&huge_tag, "Cache-Control: no-cache"]),
        owned(&[&tags, "Cache-Control: max-age=60"]),
        owned(&["Cache-Control: ,,,;;=,\"\\", "ETag: \""]),
        owned(&["Cache-Control: max-age=\"60", "Expires: soon"]),
        owned(&["Vary: ,,,", "Cache-Control: max-age=60"]),
        owned(&["Vary: X-Ä, (x), X A", "Cache-Control: max-age=60"]),
        owned(&[
            "CDN-Cache-Control: max-age=60;;",
            "Cache-Control: max-age=60",
        ]),
        owned(&["No-Vary-Search: params=(", "Cache-Control: max-age=60"]),
    ]);
}

#[test]
fn numbers_that_overflow_change_nothing_about_the_answer() {
    let digits = "9".repeat(40);
    let mut cases = Vec::new();
    for value in [
        &*digits,
        "18446744073709551615",
        "2147483648",
        "-1",
        "1e9",
        "0x10",
    ] {
        for name in [
            "max-age",
            "s-maxage",
            "stale-while-revalidate",
            "stale-if-error",
        ] {
            cases.push(owned(&[&format!("Cache-Control: {name}={value}")]));
        }
        cases.push(owned(&[
            "Cache-Control: max-age=60",
            &format!("Age: {value}"),
        ]));
    }
    for date in [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Wed, 31 Dec 1600 00:00:00 GMT",
        "Fri, 99 Zzz 99999 99:99:99 GMT",
    ] {
        cases.push(owned(&[
            "Cache-Control: max-age=60",
            &format!("Date: {date}"),
        ]));
        cases.push(owned(&[&format!("Expires: {date}")]));
        cases.push(owned(&[&format!("Last-Modified: {date}")]));
    }
    all_answered(&cases);
}

#[test]
fn what_lives_for_ever_is_kept_and_tells_a_sane_age() {
    let origin = numbered(&["Cache-Control: max-age=99999999999999999999"]);
    let sidecar = caching(&origin);
    sidecar.get("/");
    let hit = sidecar.get("/");
    hit.assert_hit();
    let told = hit.cache_status();
    let ttl: u64 = told
        .split("ttl=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(ttl <= 1 << 31, "{told}");
}

#[test]
fn validators_that_contradict_each_other_never_bring_back_the_old_body() {
    let cases: [&'static [&'static str]; 6] = [
        &["ETag: \"1\"", "ETag: \"2\""],
        &["ETag: W/\"1\"", "ETag: \"1\""],
        &["ETag: unquoted"],
        &["ETag: "],
        &["Last-Modified: Fri, 31 Dec 2038 23:59:59 GMT"],
        &["ETag: \"1\"", "Last-Modified: nonsense"],
    ];
    for lines in cases {
        // It never confirms anything: what it says now is what counts.
        let origin = numbered(lines);
        let sidecar = forebay()
            .origin(&origin)
            .with_policies("cache: {ttl: 60s}")
            .start();
        sidecar.get("/");
        for number in 2..5 {
            let ask = Ask::get("/").header("Cache-Control", "no-cache");
            assert_eq!(
                sidecar.ask(&ask).text(),
                format!("answer {number}"),
                "{lines:?}"
            );
        }
        sidecar.wait_for_metric("forebay_cache_entries", &[], 1.0);
    }
}

#[test]
fn statuses_that_nobody_asked_for_are_passed_on_and_never_cut_from() {
    for status in [206, 299, 416, 451, 499, 599] {
        let origin = Origin::http(move |_| {
            Reply::ok("x")
                .with_status(status)
                .header("Cache-Control", "no-store")
                .header("Content-Range", "bytes 0-0/1")
        });
        let sidecar = caching(&origin);
        for _ in 0..2 {
            assert_eq!(sidecar.get("/").status, status);
        }
        assert_eq!(origin.count(), 2);
    }
}
