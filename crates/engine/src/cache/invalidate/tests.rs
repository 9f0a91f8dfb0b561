use super::*;
use crate::cache::testing::headers;

fn obsolete(method: &Method, status: u16, fields: &[(&str, &str)]) -> Obsolete {
    let write = Write {
        method,
        scheme: Scheme::Https,
        host: "a.example",
        port: 443,
        target: "/dir/item?x=1",
    };
    after(
        &write,
        StatusCode::from_u16(status).unwrap(),
        &headers(fields),
    )
}

#[test]
fn only_successful_writes_count() {
    let target = Obsolete::Targets(vec!["/dir/item?x=1".to_owned()]);
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for status in [200, 201, 204, 302, 303] {
            assert_eq!(obsolete(&method, status, &[]), target);
        }
        for status in [400, 404, 409, 500, 503] {
            assert_eq!(obsolete(&method, status, &[]), Obsolete::Nothing);
        }
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(
            obsolete(&method, 200, &[("location", "/x")]),
            Obsolete::Nothing
        );
    }
}

#[test]
fn references_count_when_they_have_the_same_origin() {
    for (reference, expected) in [
        ("/x?y#z", Some("/x?y")),
        ("x", Some("/dir/x")),
        ("../x/./y", Some("/x/y")),
        ("../../..", Some("/")),
        ("./", Some("/dir/")),
        ("?q", Some("/dir/item?q")),
        ("https://a.example", Some("/")),
        ("https://a.example?q", Some("/?q")),
        ("HTTPS://A.EXAMPLE:443/x", Some("/x")),
        ("https://a.example.:/x", Some("/x")),
        ("//a.example/x", Some("/x")),
        ("/a:b", Some("/a:b")),
        ("#z", None),
        ("http://a.example/x", None),
        ("https://a.example:8443/x", None),
        ("https://b.example/x", None),
        ("https://a.example.evil/x", None),
        ("https://u@a.example/x", None),
        ("//b.example/x", None),
        ("mailto:a@b", None),
        ("https:/x", None),
    ] {
        for name in ["location", "content-location"] {
            let mut targets = vec!["/dir/item?x=1".to_owned()];
            targets.extend(expected.map(str::to_owned));
            let found = obsolete(&Method::POST, 201, &[(name, reference)]);
            assert_eq!(found, Obsolete::Targets(targets), "{reference}");
        }
    }
}

#[test]
fn the_same_reference_twice_is_one() {
    let fields = [("location", "/x"), ("content-location", "/x")];
    let Obsolete::Targets(targets) = obsolete(&Method::POST, 201, &fields) else {
        panic!("nothing");
    };
    assert_eq!(targets, ["/dir/item?x=1", "/x"]);
}
