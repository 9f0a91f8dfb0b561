//! Responses compressed against a dictionary that the client has (RFC 9842).

mod measured;

use std::io::Read;

use harness::{Ask, Origin, Reply, Response, Sidecar};

use crate::forebay;

/// What every answer of the API looks like.
fn product(id: u32) -> String {
    format!(
        "{{\"id\":{id},\"sku\":\"KT-{:05}\",\"name\":\"Kettle number {id}\",\"price\":{{\"amount\":{},\
         \"currency\":\"EUR\",\"taxRate\":0.19}},\"availability\":{{\"inStock\":true,\"warehouse\":\"north\",\
         \"deliveryDays\":{}}},\"dimensions\":{{\"width\":{},\"height\":{},\"depth\":{},\"unit\":\"mm\"}},\
         \"links\":{{\"self\":\"/api/products/{id}\",\"reviews\":\"/api/products/{id}/reviews\",\
         \"image\":\"/images/products/{id}.webp\"}},\"description\":\"A kettle that boils water, made of \
         brushed steel, with a lid that stays cool.\",\"updatedAt\":\"2026-01-{:02}T08:00:00Z\"}}",
        id * 7919 % 100_000,
        id * 131 % 9000 + 999,
        id % 9 + 1,
        id * 17 % 300 + 100,
        id * 23 % 400 + 100,
        id * 29 % 300 + 100,
        id % 28 + 1,
    )
}

const ROUTE: &str = "
compression:
  min_size: 1B
  dictionary: {file: \"{directory}/api.dict\", path: /dictionary, match: \"/api/*\"}";

fn api() -> Origin {
    Origin::http(|request| {
        let id = request.target.rsplit('/').next().unwrap();
        let id = id.split('?').next().unwrap().parse().unwrap_or(0);
        Reply::ok(product(id))
            .header("Content-Type", "application/json")
            .header("Cache-Control", "max-age=60")
            .header("ETag", "\"v1\"")
    })
}

fn sharing(origin: &Origin, policies: &str) -> Sidecar {
    forebay()
        .file("api.dict", &product(1))
        .origin(origin)
        .with_policies(&[policies, ROUTE].concat())
        .start()
}

/// The SHA-256 of the first product, which is the dictionary, as another tool says it.
const OURS: &str = ":wbl9u+fdvDbSM1DWOVCDorOxkmGrAJyvnOBJpYAo+Is=:";
/// That of something else.
const ANOTHER: &str = ":rkSKyGxOjk3sZFcpcI70GHOuecbf+E7/czYJiUh/COU=:";

fn with_dictionary(target: &str, name: &str, accepted: &str) -> Ask {
    Ask::get(target)
        .header("Available-Dictionary", name)
        .header("Accept-Encoding", accepted)
}

/// What a client with the dictionary reads.
#[track_caller]
fn decoded(response: &Response) -> String {
    assert_eq!(
        response.header("content-encoding"),
        Some("dcz"),
        "{response:?}"
    );
    assert_eq!(response.body[..8], [0x5e, 0x2a, 0x4d, 0x18, 32, 0, 0, 0]);
    let mut text = String::new();
    let dictionary = product(1);
    let rest = &response.body[40..];
    let mut decoder =
        zstd::stream::read::Decoder::with_dictionary(rest, dictionary.as_bytes()).unwrap();
    decoder.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_client_learns_of_the_dictionary_fetches_it_and_gets_less() {
    let origin = api();
    let sidecar = sharing(&origin, "");
    let first = sidecar.ask(&Ask::get("/api/products/2").header("Accept-Encoding", "gzip, dcz"));
    assert_eq!(first.header("content-encoding"), Some("gzip"));
    let link = "</dictionary>; rel=\"compression-dictionary\"";
    assert_eq!(first.header("link"), Some(link));
    let dictionary = sidecar.get("/dictionary");
    assert_eq!(dictionary.text(), product(1));
    assert_eq!(
        dictionary.header("use-as-dictionary"),
        Some("match=\"/api/*\"")
    );
    assert_eq!(
        dictionary.header("cache-control"),
        Some("public, max-age=604800")
    );
    let tag = dictionary.header("etag").unwrap();
    let unchanged = sidecar.ask(&Ask::get("/dictionary").header("If-None-Match", tag));
    assert_eq!(unchanged.status, 304);
    assert_eq!(origin.count(), 1);
    let ask = with_dictionary("/api/products/3", OURS, "gzip, br, zstd, dcz");
    let second = sidecar.ask(&ask);
    assert_eq!(decoded(&second), product(3));
    assert_eq!(
        second.headers.all("vary"),
        ["accept-encoding", "available-dictionary"]
    );
    assert_eq!(second.header("etag"), Some("W/\"v1\""));
    assert!(
        second.body.len() < first.body.len() * 2 / 3,
        "{}",
        second.body.len()
    );
    let labels = [("route", "all"), ("outcome", "dcz"), ("mode", "enforce")];
    sidecar.wait_for_metric("forebay_compression_responses_total", &labels, 1.0);
}

#[test]
fn whoever_has_another_dictionary_gets_an_ordinary_coding() {
    let origin = api();
    let sidecar = sharing(&origin, "");
    for (name, accepted, coding) in [
        (ANOTHER, "gzip, dcz", Some("gzip")),
        (OURS, "gzip", Some("gzip")),
        (OURS, "gzip, dcz;q=0", Some("gzip")),
        (OURS, "dcb", None),
    ] {
        let response = sidecar.ask(&with_dictionary("/api/products/2", name, accepted));
        assert_eq!(response.header("content-encoding"), coding, "{accepted}");
        let vary = response.headers.all("vary");
        assert_eq!(
            vary,
            ["accept-encoding", "available-dictionary"],
            "{accepted}"
        );
    }
    let plain = sidecar.ask(&Ask::get("/api/products/2").header("Accept-Encoding", "dcz"));
    assert_eq!(plain.text(), product(2));
}

#[test]
fn what_is_stored_is_served_to_each_in_its_own_coding() {
    let origin = api();
    let sidecar = sharing(&origin, "cache: {}");
    for _ in 0..2 {
        let response = sidecar.ask(&with_dictionary("/api/products/2", OURS, "gzip, dcz"));
        assert_eq!(decoded(&response), product(2));
        let other = sidecar.ask(&with_dictionary("/api/products/2", ANOTHER, "gzip, dcz"));
        assert_eq!(other.header("content-encoding"), Some("gzip"));
        assert_eq!(sidecar.get("/api/products/2").text(), product(2));
    }
    let unchanged = with_dictionary("/api/products/2", OURS, "dcz");
    let unchanged = sidecar.ask(&unchanged.header("If-None-Match", "W/\"v1\""));
    assert_eq!(unchanged.status, 304);
    assert_eq!(
        unchanged.headers.all("vary"),
        ["accept-encoding", "available-dictionary"]
    );
    assert_eq!(origin.count(), 1);
}

/// What streams is compressed while it comes, against the same bytes.
#[test]
fn a_large_response_streams_against_the_dictionary() {
    let long = || (0..2000).map(product).collect::<Vec<_>>().join(",\n");
    let origin =
        Origin::http(move |_| Reply::chunked([long()]).header("Content-Type", "application/json"));
    let sidecar = sharing(&origin, "");
    let response = sidecar.ask(&with_dictionary("/api/products", OURS, "dcz"));
    assert_eq!(decoded(&response), long());
}

fn guarded(origin: &Origin, policies: &str) -> Sidecar {
    let guarding = ROUTE.replace("min_size: 1B", "min_size: 1B\n  breach_guard: pad");
    forebay()
        .file("api.dict", &product(1))
        .origin(origin)
        .with_policies(&[policies, &guarding].concat())
        .start()
}

/// Where a response may hold a secret, it is told nowhere either; others get it.
#[test]
fn nothing_is_made_to_resemble_a_text_where_a_secret_is_guarded() {
    let origin = api();
    let sidecar = guarded(&origin, "");
    for (field, value) in [("Cookie", "a=b"), ("Authorization", "Bearer x")] {
        let ask = with_dictionary("/api/products/2", OURS, "gzip, dcz").header(field, value);
        let response = sidecar.ask(&ask);
        assert_eq!(response.header("content-encoding"), Some("gzip"));
        assert_eq!(response.headers.all("vary"), ["accept-encoding"]);
        assert!(!response.headers.has("link"), "{response:?}");
    }
    let open = sidecar.ask(&with_dictionary("/api/products/2", OURS, "gzip, dcz"));
    assert_eq!(decoded(&open), product(2));
    let told = sidecar.ask(&Ask::get("/api/products/2").header("Accept-Encoding", "gzip"));
    assert!(told.headers.has("link"), "{told:?}");
}

/// What is kept for those with one cookie sets it for the one who comes without: it is that one's own.
#[test]
fn a_cookie_that_is_set_beside_what_is_kept_is_a_secret() {
    let origin = Origin::http(|_| {
        let reply = Reply::ok(product(2)).header("Content-Type", "application/json");
        let reply = reply.header("Cache-Control", "max-age=60");
        let reply = reply.header("Vary", "Cookie");
        reply.header("Set-Cookie", "session=1")
    });
    let sidecar = guarded(&origin, "cache: {set_cookie: strip}\n");
    let ask = with_dictionary("/api/products/2", OURS, "gzip, dcz");
    let first = sidecar.ask(&ask);
    assert_eq!(first.header("set-cookie"), Some("session=1"));
    assert_eq!(first.header("content-encoding"), Some("gzip"));
    assert!(!first.headers.has("link"), "{first:?}");
    // What everybody without a cookie gets from now on sets none.
    let second = sidecar.ask(&ask);
    assert!(!second.headers.has("set-cookie"));
    assert_eq!(decoded(&second), product(2));
    assert_eq!(second.header("content-encoding"), Some("dcz"));
    assert_eq!(origin.count(), 1);
}

#[test]
fn who_wants_a_response_as_it_is_gets_it_so() {
    let origin = api();
    for policies in ["", "cache: {}"] {
        let sidecar = sharing(&origin, policies);
        for (name, value) in [("Cache-Control", "no-transform"), ("If-Range", "\"v1\"")] {
            for accepted in ["dcz", "gzip, dcz"] {
                let ask = with_dictionary("/api/products/2", OURS, accepted);
                let response = sidecar.ask(&ask.header(name, value));
                assert_eq!(response.text(), product(2), "{name} {accepted}");
                assert_eq!(response.header("etag"), Some("\"v1\""));
            }
        }
    }
}

/// A page of another origin that may not read a response must not measure it either.
#[test]
fn what_a_page_may_not_read_is_not_compressed_against_it() {
    let origin = Origin::http(|request| {
        let reply = Reply::ok(product(2)).header("Content-Type", "application/json");
        let reply = reply.header("Cache-Control", "max-age=60");
        match request.target.contains("open") {
            true => reply.header("Access-Control-Allow-Origin", "*"),
            false => reply,
        }
    });
    let sidecar = sharing(&origin, "cache: {}");
    for (target, site, mode, coding) in [
        ("/api/2", "same-origin", "cors", "dcz"),
        ("/api/2", "cross-site", "no-cors", "gzip"),
        ("/api/2", "cross-site", "cors", "gzip"),
        ("/api/open", "cross-site", "cors", "dcz"),
        ("/api/open", "same-site", "no-cors", "gzip"),
        ("/api/2", "none", "navigate", "dcz"),
    ] {
        let ask = with_dictionary(target, OURS, "gzip, dcz")
            .header("Origin", "https://other.test")
            .header("Sec-Fetch-Site", site)
            .header("Sec-Fetch-Mode", mode);
        let response = sidecar.ask(&ask);
        let said = response.header("content-encoding");
        assert_eq!(said, Some(coding), "{target} {site} {mode}");
        let vary = ["accept-encoding", "available-dictionary"];
        assert_eq!(response.headers.all("vary"), vary);
    }
}

/// A HEAD and a 304 say what the GET would, and show no way to what the client need not fetch.
#[test]
fn heads_and_confirmations_speak_of_the_same_coding() {
    let origin = api();
    for policies in ["", "cache: {}"] {
        let sidecar = sharing(&origin, policies);
        sidecar.get("/api/products/2");
        let head = Ask::new("HEAD", "/api/products/2").header("Available-Dictionary", OURS);
        let head = sidecar.ask(&head.header("Accept-Encoding", "dcz"));
        assert_eq!(head.header("content-encoding"), Some("dcz"));
        assert_eq!(head.header("etag"), Some("W/\"v1\""));
        assert!(!head.headers.has("content-length"), "{head:?}");
    }
    let origin = Origin::http(|_| Reply::status(304).header("ETag", "\"v1\""));
    let sidecar = sharing(&origin, "");
    let ask = with_dictionary("/api/products/2", OURS, "dcz");
    let again = sidecar.ask(&ask.header("If-None-Match", "W/\"v1\""));
    assert_eq!(
        (again.status, again.header("etag")),
        (304, Some("W/\"v1\""))
    );
    let vary = ["accept-encoding", "available-dictionary"];
    assert_eq!(again.headers.all("vary"), vary);
    assert!(!again.headers.has("link"), "{again:?}");
}

/// Where another host's routes are, its path is nobody's business.
#[test]
fn the_dictionary_is_found_on_the_hosts_of_its_route() {
    let origin = Origin::saying("the application's own");
    let config = "
version: 1
admin: {address: \"{admin}\", telemetry_address: \"{telemetry}\"}
listeners: [{address: \"{listen}\"}]
upstreams: {app: {endpoints: [\"{origin}\"]}}
routes:
  - name: api
    match: {host: [api.test, \"*.api.test\"], path: \"/api/{*rest}\"}
    upstream: app
    compression:
      dictionary: {file: \"{directory}/api.dict\", path: /dictionary, match: \"/api/*\"}
  - {name: all, upstream: app}
";
    let sidecar = forebay()
        .file("api.dict", &product(1))
        .config(&config.replace("{origin}", &format!("http://{}", origin.address())))
        .start();
    for (host, is_found) in [
        ("api.test", true),
        ("API.test:80", true),
        ("v2.api.test", true),
        ("other.test", false),
        ("notapi.test", false),
    ] {
        let ask = Ask::get("/dictionary").header("Host", host);
        let response = sidecar.ask(&ask);
        let expected = match is_found {
            true => product(1),
            false => "the application's own".to_owned(),
        };
        assert_eq!(response.text(), expected, "{host}");
    }
}

/// Lines of JSON leave one by one in this coding, too.
#[test]
fn each_piece_of_a_stream_is_here_before_the_next_is_sent() {
    let (pieces, streamed) = std::sync::mpsc::channel();
    let streamed = std::sync::Mutex::new(Some(streamed));
    let origin = Origin::http(move |_| {
        let streamed = streamed.lock().unwrap().take().expect("one request");
        Reply::streamed(streamed).header("Content-Type", "application/x-ndjson")
    });
    let sidecar = sharing(&origin, "");
    let mut client = sidecar.connect();
    client.send(with_dictionary("/api/lines", OURS, "dcz").bytes());
    let mut coded = Vec::new();
    for id in 2..6 {
        pieces.send(product(id).into_bytes()).unwrap();
        if id == 2 {
            let head = client.response_head();
            assert_eq!(head.header("content-encoding"), Some("dcz"));
        }
        // Not more is sent before this has come.
        let wanted: String = (2..=id).map(product).collect();
        while so_far(&coded) != wanted {
            coded.extend(client.chunk());
        }
    }
}

/// What of a stream can be decoded.
fn so_far(coded: &[u8]) -> String {
    let mut plain = Vec::new();
    if let Some(rest) = coded.get(40..) {
        let dictionary = product(1);
        let mut decoder =
            zstd::stream::read::Decoder::with_dictionary(rest, dictionary.as_bytes()).unwrap();
        // It has not ended.
        let _unfinished = decoder.read_to_end(&mut plain);
    }
    String::from_utf8(plain).unwrap()
}

#[test]
fn a_dictionary_that_cannot_be_one_is_refused_before_anything_starts() {
    let origin = api();
    let ran = forebay()
        .file("api.dict", "")
        .origin(&origin)
        .with_policies(ROUTE)
        .run("run", &[]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("it is empty"), "{}", ran.stderr);
}
