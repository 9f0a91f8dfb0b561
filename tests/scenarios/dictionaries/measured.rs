//! The page about smaller answers: its configurations run, and its figures are those of this code.

use super::*;

const PAGE: &str = include_str!("../../../docs/guide/smaller-answers.md");

/// What a figure may be off by: other versions of the libraries find other matches.
const TOLERANCE: f64 = 0.1;

/// The configurations of the page.
fn configurations() -> Vec<&'static str> {
    let blocks = PAGE.split("```yaml\n").skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// One of them, on ports of this test.
fn configured(yaml: &str, origin: &Origin) -> Sidecar {
    let ports = "admin: {address: \"{admin}\", telemetry_address: \"{telemetry}\"}\n";
    let yaml = yaml
        .replace("version: 1\n", &format!("version: 1\n{ports}"))
        .replace("0.0.0.0:8080", "{listen}")
        .replace("/etc/forebay/product.json", "{directory}/product.json")
        .replace(
            "http://127.0.0.1:3000",
            &format!("http://{}", origin.address()),
        );
    forebay()
        .file("product.json", &product(1))
        .config(&yaml)
        .start()
}

/// A legacy API: one product, or as many as asked for, written for people.
fn legacy() -> Origin {
    Origin::http(|request| {
        let last = request.target.rsplit('/').next().unwrap();
        let body = match last.strip_prefix("list-") {
            Some(count) => {
                let products: Vec<_> = (2..2 + count.parse::<u32>().unwrap())
                    .map(product)
                    .collect();
                format!("[{}]", products.join(","))
            }
            None => product(last.parse().unwrap()),
        };
        Reply::ok(body)
            .header("Content-Type", "application/json")
            .header("Server", "legacy/1.0")
    })
}

/// The lengths in the page's table: a document, and what it is in each coding.
fn figures() -> Vec<(&'static str, Vec<usize>)> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `/api/"));
    rows.map(|row| {
        let mut cells = row
            .split('|')
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        let target = cells.next().unwrap().trim_matches('`');
        (target, cells.map(|cell| cell.parse().unwrap()).collect())
    })
    .collect()
}

#[test]
fn the_figures_of_the_page_are_what_comes_out() {
    let origin = legacy();
    let sidecar = configured(configurations()[1], &origin);
    let figures = figures();
    assert_eq!(figures.len(), 3);
    let mut wrong = Vec::new();
    for (target, said) in figures {
        // From the cache, where the whole is there: what streams depends on how it comes.
        sidecar.get(target);
        let codings = ["identity", "gzip", "br", "zstd", "dcz"];
        let measured = codings.map(|coding| {
            let response = sidecar.ask(&with_dictionary(target, OURS, coding));
            let named = response.header("content-encoding").unwrap_or("identity");
            assert_eq!(named, coding, "{target}");
            response.body.len()
        });
        let is_near = |(said, is): (&usize, &usize)| {
            let (said, is) = (*said as f64, *is as f64);
            (said - is).abs() <= is * TOLERANCE
        };
        if said.len() != measured.len() || !said.iter().zip(&measured).all(is_near) {
            let cells = measured.map(|length| length.to_string());
            wrong.push(format!("| `{target}` | {} |", cells.join(" | ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "the page should say:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_page_trims_before_it_compresses() {
    let origin = legacy();
    let sidecar = configured(configurations()[0], &origin);
    let response = sidecar.get("/api/products/2");
    assert_eq!(
        response.text(),
        "{\"id\":2,\"name\":\"Kettle number 2\",\"price\":{\"amount\":1261}}"
    );
    assert!(!response.headers.has("server"), "{response:?}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
}
