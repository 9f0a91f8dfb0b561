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

#[test]
fn nothing_is_made_to_resemble_a_text_where_a_secret_is_guarded() {
    let origin = api();
    let policies = ROUTE.replace("min_size: 1B", "min_size: 1B\n  breach_guard: pad");
    let sidecar = forebay()
        .file("api.dict", &product(1))
        .origin(&origin)
        .with_policies(&policies)
        .start();
    let response = sidecar.ask(&with_dictionary("/api/products/2", OURS, "gzip, dcz"));
    assert_eq!(response.header("content-encoding"), Some("gzip"));
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
