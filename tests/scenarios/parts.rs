//! Requests for a part: cut from the whole, put together from parts, or passed on (RFC 9110, section 14;
//! RFC 9111, section 3.3).

use harness::{Ask, Origin, Reply, Request, Response, Sidecar, eventually};

use crate::forebay;

fn alphabet(length: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length).collect()
}

/// The range a request asks for, ends included.
fn asked(request: &Request, length: usize) -> Option<(usize, usize)> {
    let range = request.header("range")?.strip_prefix("bytes=")?;
    let (from, to) = range.split_once('-')?;
    let to = to.parse().unwrap_or(length - 1).min(length - 1);
    Some((from.parse().ok()?, to))
}

/// Answers ranges of so many bytes, as an honest server does.
fn ranging(length: usize) -> Origin {
    Origin::http(move |request| {
        let body = alphabet(length);
        let reply = match asked(request, length) {
            Some((from, to)) => Reply::ok(&body[from..=to])
                .with_status(206)
                .header("Content-Range", format!("bytes {from}-{to}/{length}")),
            None => Reply::ok(body),
        };
        reply
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v\"")
            .header("Accept-Ranges", "bytes")
    })
}

fn caching(origin: &Origin, policy: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{{policy}}}"))
        .start()
}

fn part(range: &str) -> Ask {
    Ask::get("/").header("Range", &format!("bytes={range}"))
}

#[track_caller]
fn assert_part(response: &Response, from: usize, to: usize, length: usize) {
    assert_eq!(response.status, 206, "{response:?}");
    let range = format!("bytes {from}-{to}/{length}");
    assert_eq!(response.header("content-range"), Some(&*range));
    assert!(response.body == alphabet(length)[from..=to], "{range}");
}

#[track_caller]
fn wait_until_whole(sidecar: &Sidecar, length: usize) {
    let whole = eventually("the whole is held", || {
        let ask = Ask::get("/").header("Cache-Control", "only-if-cached");
        Some(sidecar.ask(&ask)).filter(|response| response.status == 200)
    });
    assert!(whole.body == alphabet(length));
    assert!(!whole.headers.has("content-range"), "{whole:?}");
}

#[test]
fn the_first_who_wants_a_part_has_the_whole_fetched() {
    let origin = ranging(5_000);
    let sidecar = caching(&origin, "");
    assert_part(&sidecar.ask(&part("10-19")), 10, 19, 5_000);
    assert_eq!(origin.last().header("range"), None);
    wait_until_whole(&sidecar, 5_000);
    assert_part(&sidecar.ask(&part("4990-")), 4_990, 4_999, 5_000);
    assert_part(&sidecar.ask(&part("-10")), 4_990, 4_999, 5_000);
    assert_eq!(sidecar.ask(&part("5000-")).status, 416);
    assert_eq!(origin.count(), 1);
}

#[test]
fn what_is_too_large_to_fill_is_asked_for_in_part_from_then_on() {
    let origin = ranging(100_000);
    let sidecar = caching(&origin, "max_object: 64KiB");
    assert_part(&sidecar.ask(&part("500-599")), 500, 599, 100_000);
    let requests = origin.requests();
    let ranges: Vec<_> = requests.iter().map(|it| it.header("range")).collect();
    // The whole is given up once its length is known.
    assert_eq!(ranges, [None, Some("bytes=500-599")]);
    for from in [0, 600, 99_000] {
        let to = from + 99;
        let response = sidecar.ask(&part(&format!("{from}-{to}")));
        assert_part(&response, from, to, 100_000);
        let range = format!("bytes={from}-{to}");
        assert_eq!(origin.last().header("range"), Some(&*range));
    }
    assert_eq!(origin.count(), 5);
    let whole = sidecar.get("/");
    assert!(whole.body == alphabet(100_000));
}

#[test]
fn parts_are_put_together_in_any_order() {
    let origin = ranging(1_000);
    let sidecar = caching(&origin, "ranges: parts");
    let length = 1_000;
    // They touch or overlap what is held, which is one stretch of bytes.
    for (from, to) in [(400, 499), (500, 620), (300, 410), (0, 299), (621, 999)] {
        assert_part(
            &sidecar.ask(&part(&format!("{from}-{to}"))),
            from,
            to,
            length,
        );
        eventually("it is held", || {
            let held = sidecar.ask(&part(&format!("{from}-{to}")));
            assert_part(&held, from, to, length);
            held.cache_status().contains("; hit").then_some(())
        });
    }
    wait_until_whole(&sidecar, length);
    assert_part(&sidecar.ask(&part("250-750")), 250, 750, length);
    let ranges = origin.requests().iter().all(|it| it.headers.has("range"));
    assert!(ranges, "the whole was asked for");
}

#[test]
fn parts_with_another_tag_are_never_put_together() {
    let origin = Origin::http(|request| {
        let (from, to) = asked(request, 10).unwrap_or((0, 9));
        let (tag, text) = match from {
            0 => ("\"old\"", "oooooooooo"),
            _ => ("\"new\"", "nnnnnnnnnn"),
        };
        let reply = match request.header("range") {
            Some(_) => Reply::ok(&text[from..=to])
                .with_status(206)
                .header("Content-Range", format!("bytes {from}-{to}/10")),
            None => Reply::ok("nnnnnnnnnn"),
        };
        reply
            .header("Cache-Control", "max-age=60")
            .header("ETag", tag)
    });
    let sidecar = caching(&origin, "ranges: parts");
    for _ in 0..3 {
        assert_eq!(sidecar.ask(&part("0-4")).text(), "ooooo");
        assert_eq!(sidecar.ask(&part("5-9")).text(), "nnnnn");
        let whole = sidecar.get("/").text();
        assert!(whole == "nnnnnnnnnn", "put together: {whole}");
        sidecar.ask(&Ask::post("/", "x"));
    }
}

#[test]
fn an_origin_that_lies_about_its_part_spoils_nothing() {
    let lies = [
        ("bytes 0-9/1000", "abc"),
        ("bytes 5-9/1000", "abcde"),
        ("bytes 0-4/3", "abcde"),
        ("bytes 4-0/1000", "abcde"),
        ("bytes 0-4/99999999999999999999999", "abcde"),
        ("bytes */1000", "abcde"),
        ("pages 0-4/1000", "abcde"),
        ("nonsense", "abcde"),
        ("", "abcde"),
    ];
    for (range, body) in lies {
        let origin = Origin::http(move |request| {
            let reply = match request.header("range") {
                Some(_) => Reply::ok(body)
                    .with_status(206)
                    .header("Content-Range", range),
                None => Reply::ok("whole"),
            };
            reply
                .header("Cache-Control", "max-age=60")
                .header("ETag", "\"v\"")
        });
        let sidecar = caching(&origin, "ranges: parts");
        for _ in 0..2 {
            // The client gets what the origin said, and may make of it what it can.
            let told = sidecar.ask(&part("0-4"));
            assert_eq!((told.status, told.text().as_str()), (206, body), "{range}");
            assert!(!told.cache_status().contains("; hit"), "{range}: {told:?}");
        }
        assert_eq!(sidecar.get("/").text(), "whole", "{range}");
    }
}

#[test]
fn a_part_that_ends_early_is_not_kept() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.request();
        conversation.say(
            "HTTP/1.1 206 Partial Content\r\nCache-Control: max-age=60\r\nETag: \"v\"\r\n\
             Content-Range: bytes 0-9/20\r\nContent-Length: 10\r\n\r\nabc",
        );
    });
    let sidecar = caching(&origin, "ranges: parts");
    for _ in 0..2 {
        let mut client = sidecar.connect();
        client.send(part("0-9").bytes());
        let response = client.try_response("GET");
        assert!(response.map_or(true, |response| response.status == 502));
    }
    assert_eq!(origin.count(), 2);
}

#[test]
fn several_ranges_are_one_answer() {
    let origin = ranging(100);
    let sidecar = caching(&origin, "");
    sidecar.get("/");
    let response = sidecar.ask(&part("0-4, 10-14, -3"));
    assert_eq!(response.status, 206);
    let kind = response.header("content-type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let boundary = boundary.trim_matches('"');
    let text = response.text();
    for (range, bytes) in [
        ("bytes 0-4/100", "abcde"),
        ("bytes 10-14/100", "klmno"),
        ("bytes 97-99/100", "tuv"),
    ] {
        let lower = text.to_lowercase();
        assert!(lower.contains(&format!("content-range: {range}")), "{text}");
        assert!(
            text.contains(&format!("\r\n\r\n{bytes}\r\n--{boundary}")),
            "{text}"
        );
    }
    assert!(text.ends_with(&format!("--{boundary}--\r\n")), "{text}");
    assert_eq!(
        response.header("content-length"),
        Some(&*text.len().to_string())
    );
    // What asks for more than any reader needs gets the whole.
    let many: Vec<String> = (0..40).map(|n| format!("{}-{}", 2 * n, 2 * n)).collect();
    assert_eq!(sidecar.ask(&part(&many.join(","))).status, 200);
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_part_depends_on_what_the_client_has() {
    let origin = ranging(100);
    let sidecar = caching(&origin, "");
    sidecar.get("/");
    for (has, status) in [
        ("\"v\"", 206),
        ("W/\"v\"", 200),
        ("\"w\"", 200),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 200),
        ("nonsense", 200),
    ] {
        let response = sidecar.ask(&part("0-4").header("If-Range", has));
        assert_eq!(response.status, status, "{has}");
    }
    // A precondition comes first (RFC 9110, section 13.2.2).
    let known = part("0-4").header("If-None-Match", "\"v\"");
    assert_eq!(sidecar.ask(&known).status, 304);
    assert_eq!(origin.count(), 1);
}

#[test]
fn parts_may_be_left_to_the_origin() {
    let origin = ranging(100);
    let sidecar = caching(&origin, "ranges: pass");
    for count in 1..=3 {
        assert_part(&sidecar.ask(&part("0-4")), 0, 4, 100);
        assert_eq!(origin.count(), count);
        assert_eq!(origin.last().header("range"), Some("bytes=0-4"));
    }
    sidecar.get("/");
    assert!(sidecar.ask(&part("0-4")).cache_status().contains("; hit"));
}

#[test]
fn an_origin_that_does_not_know_ranges_is_cut_for() {
    let origin = Origin::http(|_| {
        Reply::ok(alphabet(100))
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v\"")
    });
    for policy in ["ranges: fill", "ranges: parts"] {
        let sidecar = caching(&origin, policy);
        let first = sidecar.ask(&part("0-4"));
        assert!(matches!(first.status, 200 | 206), "{first:?}");
        wait_until_whole(&sidecar, 100);
        assert_part(&sidecar.ask(&part("5-9")), 5, 9, 100);
    }
    assert_eq!(origin.count(), 2);
}
