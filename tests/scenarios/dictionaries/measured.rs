//! The page about smaller answers: its configurations run, and its figures are those of this code.

use harness::Page;

use super::*;

const PAGE: Page = Page::new(include_str!("../../../docs/guide/smaller-answers.md"));

/// What a figure may be off by: other versions of the libraries find other matches.
const TOLERANCE: f64 = 0.1;

/// A configuration of the page.
fn configured(number: usize, origin: &Origin) -> Sidecar {
    let file = ("/etc/forebay/product.json", "{directory}/product.json");
    let builder = forebay().file("product.json", &product(1));
    PAGE.configured(builder, number, origin, &[file]).start()
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
    let sidecar = configured(1, &origin);
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
    let sidecar = configured(0, &origin);
    let response = sidecar.get("/api/products/2");
    assert_eq!(
        response.text(),
        "{\"id\":2,\"name\":\"Kettle number 2\",\"price\":{\"amount\":1261}}"
    );
    assert!(!response.headers.has("server"), "{response:?}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
}
