//! JSON bodies that become one, as embedding APIs have them.

use super::*;

/// Says of each input what it is, at its place among all of them.
pub(super) fn embeddings() -> Origin {
    Origin::http(|request| {
        let body = request.text();
        let asked = body.split("\"input\": ").nth(1).unwrap();
        let inputs: Vec<&str> = asked.split('"').skip(1).step_by(2).collect();
        let data = inputs.iter().enumerate().map(|(index, input)| {
            format!("{{\"index\": {index}, \"embedding\": [1.50, \"{input}\"]}}")
        });
        let data = data.collect::<Vec<_>>().join(", ");
        Reply::ok(format!("{{\"data\": [{data}], \"model\": \"m\"}}"))
            .header("Content-Type", "application/json")
    })
}

fn embedding(origin: &Origin, batch: &str) -> Sidecar {
    let routes = format!(
        "  - name: users
    match: {{path: /embeddings}}
    upstream: origin
    batch: {{body: {{items: /input, answers: /data, index: index}}, {batch}}}"
    );
    forebay().origin(origin).routes(&routes).start()
}

fn post(input: &str) -> Ask {
    let body = format!("{{\"model\": \"m\", \"input\": {input}}}");
    Ask::post("/embeddings", body).header("Content-Type", "application/json")
}

fn answer_to(inputs: &[&str]) -> String {
    let data: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| format!("{{\"index\": {index}, \"embedding\": [1.50, \"{input}\"]}}"))
        .collect();
    format!("{{\"data\": [{}], \"model\": \"m\"}}", data.join(","))
}

#[test]
fn inputs_are_put_together_and_their_answers_counted_anew() {
    let origin = embeddings();
    let sidecar = embedding(&origin, "max_size: 3, max_wait: 10s");
    let asks = ["\"a\"", "[\"b\", \"c\"]", "[\"d\"]"];
    let responses = at_once(&sidecar, asks.map(post));
    let texts: Vec<_> = responses.iter().map(Response::text).collect();
    assert_eq!(
        texts,
        [answer_to(&["a"]), answer_to(&["b", "c"]), answer_to(&["d"])]
    );
    assert_eq!(origin.count(), 1);
    let asked = origin.last();
    assert_eq!(asked.method, "POST");
    assert!(
        asked.text().starts_with("{\"model\": \"m\", \"input\": ["),
        "{}",
        asked.text()
    );
    assert_eq!(
        asked.header("content-length"),
        Some(asked.body.len().to_string().as_str())
    );
}

#[test]
fn bodies_that_differ_elsewhere_are_asked_apart() {
    let origin = embeddings();
    let sidecar = embedding(&origin, "max_size: 2, max_wait: 50ms");
    let other = Ask::post("/embeddings", "{\"model\": \"n\", \"input\": \"b\"}")
        .header("Content-Type", "application/json");
    let responses = at_once(&sidecar, [post("\"a\""), other]);
    assert_eq!(origin.count(), 2);
    assert!(responses[0].text().contains("\"a\""), "{responses:?}");
    assert!(responses[1].text().contains("\"b\""), "{responses:?}");
}

#[test]
fn a_body_without_a_length_is_put_together_as_well() {
    let origin = embeddings();
    let sidecar = embedding(&origin, "max_size: 2, max_wait: 10s");
    let body = "{\"model\": \"m\", \"input\": \"a\"}";
    let mut chunked = sidecar.connect();
    chunked.send(format!(
        "POST /embeddings HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    ));
    assert_eq!(sidecar.ask(&post("\"b\"")).text(), answer_to(&["b"]));
    assert_eq!(chunked.response("POST").text(), answer_to(&["a"]));
    assert_eq!(origin.count(), 1);
}

#[test]
fn what_is_no_such_body_arrives_as_it_was_sent() {
    let origin = Origin::http(|request| Reply::ok(request.text()));
    let sidecar = embedding(&origin, "max_size: 2, max_wait: 10s");
    let large = format!("{{\"input\": \"{}\"}}", "x".repeat(100_000));
    for body in ["", "{\"input\": ", "{\"model\": \"m\"}", large.as_str()] {
        let ask = Ask::post("/embeddings", body).header("Content-Type", "application/json");
        assert_eq!(sidecar.ask(&ask).text(), body);
    }
    let text = Ask::post("/embeddings", "{\"input\": \"a\"}").header("Content-Type", "text/plain");
    assert_eq!(sidecar.ask(&text).text(), "{\"input\": \"a\"}");
    assert_requests(&sidecar, "enforce", &[("unfit", 5.0)]);
}

#[test]
fn answers_that_are_out_of_order_are_for_nobody() {
    let origin = Origin::http(|request| {
        let body = request.text();
        let data = match body.contains(',') && body.contains('[') {
            true => {
                "{\"index\": 1, \"embedding\": [\"b\"]}, {\"index\": 0, \"embedding\": [\"a\"]}"
            }
            false => "{\"index\": 0, \"embedding\": [\"single\"]}",
        };
        Reply::ok(format!("{{\"data\": [{data}]}}")).header("Content-Type", "application/json")
    });
    let sidecar = embedding(&origin, "max_size: 2, max_wait: 10s");
    let responses = at_once(&sidecar, ["\"a\"", "\"b\""].map(post));
    for response in &responses {
        assert!(response.text().contains("single"), "{response:?}");
    }
    assert_batches(&sidecar, "enforce", "unlike", 1.0);
}
