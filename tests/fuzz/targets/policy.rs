//! Policy files: read or refused with reasons, whatever is in them.

use policy::{Source, parse};

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "policy",
    words: &[
        "cache: ",
        "{ttl: 60s}",
        "routes:\n",
        "  - ",
        "match: ",
        "path: /a/{id}",
        "upstream: ",
        "http://127.0.0.1:8080",
        "${A}",
        "${A:-b}",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "mode: shadow",
        "limits: ",
        "rate: 10/s",
        ": ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "|\n",
        "? ",
    ],
    run,
};

fn run(data: &[u8]) {
    let source = Source {
        name: "fuzz.yaml",
        bytes: data,
    };
    match parse(source, &|_| None) {
        Ok(checked) => {
            let again = parse(source, &|_| None).map(|checked| checked.policies);
            assert_eq!(again, Ok(checked.policies));
        }
        Err(diagnostics) => assert!(!diagnostics.to_string().is_empty()),
    }
}
