//! What a purge is about: exactly that, in all its variants, and nothing else.

use harness::{Ask, Origin, Reply, Sidecar};

use super::{is_held, order};
use crate::forebay;

const PATHS: [&str; 7] = ["/", "/a", "/a/b", "/ab", "/a?x=1&y=2", "/b/a", "/b/a.css"];

/// Everything is fresh for an hour, and tagged by its path.
fn tagging() -> Origin {
    Origin::http(|request| {
        let path = request.target.replace(['/', '?', '&', '='], "-");
        Reply::ok(request.target.clone())
            .header("Cache-Control", "max-age=3600")
            .header("Surrogate-Key", format!("page p{path}"))
            .header("Cache-Tag", format!("all pages, c{path}"))
            .header("Cache-Groups", format!("\"g{path}\", \"every\""))
    })
}

fn caching(origin: &Origin, policy: &str) -> Sidecar {
    forebay()
        .origin(origin)
        .with_policies(&format!("cache: {{{policy}}}"))
        .start()
}

/// After this order, of what is held exactly these are gone.
#[track_caller]
fn purges(sidecar: &Sidecar, what: &str, gone: &[&str]) {
    for path in PATHS {
        sidecar.get(path);
        assert!(is_held(sidecar, &Ask::get(path)), "{path} is not held");
    }
    order(sidecar, &format!("{{{what}, \"hard\": true}}"));
    let missing: Vec<&str> = (PATHS.into_iter())
        .filter(|path| !is_held(sidecar, &Ask::get(path)))
        .collect();
    assert_eq!(missing, gone, "{what}");
}

#[test]
fn a_purge_hits_what_it_names_and_nothing_else() {
    let origin = tagging();
    let sidecar = caching(&origin, "");
    let cases: [(&str, &[&str]); 20] = [
        (r#""url": "http://shop.test/a""#, &["/a"]),
        (r#""url": "http://shop.test/""#, &["/"]),
        (r#""url": "https://SHOP.test:8443/a/../a""#, &["/a"]),
        (r#""url": "http://shop.test/a?x=1&y=2""#, &["/a?x=1&y=2"]),
        (r#""url": "http://shop.test/a?y=2&x=1""#, &[]),
        (r#""url": "http://other.test/a""#, &[]),
        (r#""url": "http://shop.test/never""#, &[]),
        (r#""prefix": "/a""#, &["/a", "/a/b", "/ab", "/a?x=1&y=2"]),
        (r#""prefix": "/a/""#, &["/a/b"]),
        (r#""prefix": "shop.test/b""#, &["/b/a", "/b/a.css"]),
        (r#""prefix": "other.test/b""#, &[]),
        (r#""pattern": "/*/a*""#, &["/b/a", "/b/a.css"]),
        (r#""pattern": "**.css""#, &["/b/a.css"]),
        (r#""pattern": "/a?*""#, &["/a?x=1&y=2"]),
        (r#""tag": "p-a""#, &["/a"]),
        (r#""tag": "c-a-b""#, &["/a/b"]),
        (r#""tag": "all pages""#, &PATHS),
        (r#""tag": "page""#, &PATHS),
        (r#""tag": "PAGE""#, &[]),
        (r#""all": true"#, &PATHS),
    ];
    for (what, gone) in cases {
        purges(&sidecar, what, gone);
    }
}

#[test]
fn a_group_belongs_to_its_origin() {
    let origin = tagging();
    let sidecar = caching(&origin, "");
    purges(&sidecar, r#""group": "http://shop.test g-a""#, &["/a"]);
    purges(&sidecar, r#""group": "http://shop.test every""#, &PATHS);
    purges(&sidecar, r#""group": "http://other.test every""#, &[]);
    purges(&sidecar, r#""group": "https://shop.test every""#, &[]);
}

#[test]
fn a_write_may_name_groups_that_it_made_obsolete() {
    let origin = Origin::http(|request| match request.method.as_str() {
        "GET" => Reply::ok("x")
            .header("Cache-Control", "max-age=3600")
            .header("Cache-Groups", format!("\"{}\"", &request.target[..2])),
        "POST" => Reply::status(204).header("Cache-Group-Invalidation", "\"/a\", \"/c\""),
        _ => Reply::status(500).header("Cache-Group-Invalidation", "\"/b\""),
    });
    let sidecar = caching(&origin, "");
    let asks = ["/a1", "/a2", "/b1", "/c1"].map(Ask::get);
    let hold = || asks.iter().for_each(|ask| drop(sidecar.ask(ask)));
    hold();
    sidecar.ask(&Ask::post("/write", "x"));
    assert_eq!(
        [false, false, true, false],
        asks.each_ref().map(|ask| is_held(&sidecar, ask))
    );
    hold();
    sidecar.ask(&Ask::new("PUT", "/write").body("x"));
    assert!(asks.iter().all(|ask| is_held(&sidecar, ask)));
    // Nor has a read anything to say about it.
    sidecar.ask(&Ask::post("/write", "x").header("Host", "other.test"));
    assert!(asks.iter().all(|ask| is_held(&sidecar, ask)));
}

#[test]
fn operators_make_tags_from_paths() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=3600"));
    let sidecar = forebay()
        .origin(&origin)
        .routes(
            "  - name: products\n    upstream: origin\n    match: {path: \"/products/{id}/{*rest}\"}\n    \
             cache: {tags: [\"product-{id}\", products]}\n  \
             - name: rest\n    upstream: origin\n    cache: {}",
        )
        .start();
    let asks = ["/products/1/a", "/products/1/b", "/products/2/a", "/other"].map(Ask::get);
    let cases = [
        ("product-1", [false, false, true, true]),
        ("products", [false, false, false, true]),
        ("product-{id}", [true; 4]),
    ];
    for (tag, held) in cases {
        asks.iter().for_each(|ask| drop(sidecar.ask(ask)));
        order(&sidecar, &format!("{{\"tag\": \"{tag}\", \"hard\": true}}"));
        assert_eq!(
            held,
            asks.each_ref().map(|ask| is_held(&sidecar, ask)),
            "{tag}"
        );
    }
}

#[test]
fn a_url_is_purged_with_every_variant_persona_and_body() {
    let origin = Origin::http(|_| {
        Reply::ok("x")
            .header("Cache-Control", "max-age=3600")
            .header("Vary", "X-Variant")
    });
    let sidecar = caching(&origin, "key: {headers: [X-Plan]}");
    let asks = [
        Ask::get("/a"),
        Ask::get("/a").header("X-Variant", "1"),
        Ask::get("/a").header("X-Variant", "2"),
        Ask::get("/a").header("X-Plan", "b"),
        Ask::new("QUERY", "/a").body("red"),
        Ask::new("QUERY", "/a").body("blue"),
    ];
    let other = Ask::get("/b");
    for what in [
        r#"{"url": "http://shop.test/a", "hard": true}"#,
        r#"{"prefix": "/a", "hard": true}"#,
    ] {
        for ask in asks.iter().chain([&other]) {
            sidecar.ask(ask);
            assert!(is_held(&sidecar, ask), "{ask:?}");
        }
        order(&sidecar, what);
        for ask in &asks {
            assert!(!is_held(&sidecar, ask), "{what}: {ask:?}");
        }
        assert!(is_held(&sidecar, &other));
    }
}

#[test]
fn a_url_is_spelled_as_its_route_keeps_it() {
    let origin = Origin::http(|_| Reply::ok("x").header("Cache-Control", "max-age=3600"));
    let sidecar = caching(&origin, "key: {query: {sort: true, ignore: [\"utm_*\"]}}");
    let ask = Ask::get("/a?y=2&x=1&utm_source=z");
    for query in ["x=1&y=2", "y=2&x=1", "utm_medium=q&y=2&x=1"] {
        sidecar.ask(&ask);
        assert!(is_held(&sidecar, &ask));
        let what = format!("{{\"url\": \"http://shop.test/a?{query}\", \"hard\": true}}");
        order(&sidecar, &what);
        assert!(!is_held(&sidecar, &ask), "{query}");
    }
}

#[test]
fn one_among_many_is_purged_alone() {
    let origin = Origin::http(|request| {
        Reply::ok("x")
            .header("Cache-Control", "max-age=3600")
            .header("Surrogate-Key", request.target[1..].to_owned())
    });
    let sidecar = caching(&origin, "");
    let mut client = sidecar.connect();
    let asks: Vec<Ask> = (0..300).map(|n| Ask::get(&format!("/item-{n}"))).collect();
    for ask in &asks {
        client.ask(ask);
    }
    order(&sidecar, r#"{"tag": "item-7", "hard": true}"#);
    order(
        &sidecar,
        r#"{"url": "http://shop.test/item-9", "hard": true}"#,
    );
    let gone: Vec<usize> = (0..300)
        .filter(|n| !client.ask(&asks[*n]).cache_status().contains("; hit"))
        .collect();
    assert_eq!(gone, [7, 9]);
}
