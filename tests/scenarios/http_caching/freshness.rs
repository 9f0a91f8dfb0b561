//! How long a response is fresh by `Cache-Control`, however it is spelled (RFC 9111, sections 4.2.1,
//! 5.2 and 5.2.2; RFC 8246). What is damaged is stale, never fresh.

use super::table::{asked_again, case, holds, kept};

#[test]
fn lifetimes_are_read_from_cache_control() {
    holds(
        "",
        vec![
            kept("max-age makes fresh", &["Cache-Control: max-age=60"]),
            kept(
                "names of directives ignore case",
                &["Cache-Control: MAX-Age=60"],
            ),
            kept(
                "a quoted number is a number",
                &["Cache-Control: max-age=\"60\""],
            ),
            kept(
                "leading zeros do not matter",
                &["Cache-Control: max-age=0060"],
            ),
            kept(
                "a number over 2^31 is a long time",
                &["Cache-Control: max-age=2147483649"],
            ),
            kept(
                "a number that overflows is a long time",
                &["Cache-Control: max-age=99999999999999999999999"],
            ),
            kept(
                "s-maxage goes before max-age",
                &["Cache-Control: s-maxage=60, max-age=0"],
            ),
            kept(
                "s-maxage goes before a max-age in front",
                &["Cache-Control: max-age=0, s-maxage=60"],
            ),
            kept("s-maxage ignores case", &["Cache-Control: S-MaxAge=60"]),
            kept(
                "max-age goes before Expires in the past",
                &["Cache-Control: max-age=60", "Expires: {now-60}"],
            ),
            kept(
                "s-maxage goes before Expires in the past",
                &["Expires: 0", "Cache-Control: s-maxage=60"],
            ),
            asked_again(
                "s-maxage goes before Expires",
                &["Cache-Control: s-maxage=0", "Expires: {now+60}"],
            ),
            asked_again(
                "max-age goes before Expires",
                &["Cache-Control: max-age=0", "Expires: {now+60}"],
            ),
            asked_again(
                "an s-maxage of 0 is stale",
                &["Cache-Control: s-maxage=0, max-age=60"],
            ),
            asked_again("a max-age of 0 is stale", &["Cache-Control: max-age=0"]),
            asked_again("nothing said is nothing kept", &[]),
            asked_again("public alone gives no lifetime", &["Cache-Control: public"]),
            kept(
                "must-revalidate changes nothing while fresh",
                &["Cache-Control: max-age=60, must-revalidate"],
            ),
            kept(
                "proxy-revalidate changes nothing while fresh",
                &["Cache-Control: max-age=60, proxy-revalidate"],
            ),
            kept(
                "no-transform changes nothing",
                &["Cache-Control: no-transform, max-age=60"],
            ),
            asked_again("immutable gives no lifetime", &["Cache-Control: immutable"]),
        ],
    );
}

#[test]
fn lists_of_directives_are_read_to_their_end() {
    let padding = "padding=x, ".repeat(1000);
    holds(
        "",
        vec![
            kept(
                "two lines are one list",
                &["Cache-Control: public", "Cache-Control: max-age=60"],
            ),
            kept(
                "other fields may stand between",
                &[
                    "Cache-Control: public",
                    "X-Between: x",
                    "Cache-Control: max-age=60",
                ],
            ),
            kept(
                "empty members are nothing",
                &["Cache-Control: ,, max-age=60 , ,"],
            ),
            kept(
                "an empty line is nothing",
                &["Cache-Control:", "Cache-Control: max-age=60"],
            ),
            kept(
                "white space around members is nothing",
                &["Cache-Control: \t max-age=60\t ,\tpublic"],
            ),
            kept(
                "no white space is needed",
                &["Cache-Control: public,max-age=60,x"],
            ),
            kept(
                "unknown directives are ignored",
                &["Cache-Control: foo, max-age=60, bar=baz"],
            ),
            kept(
                "a longer name is another directive",
                &["Cache-Control: max-agex=0, max-age=60"],
            ),
            kept(
                "what an unknown directive quotes is no directive",
                &["Cache-Control: ext=\"no-store, max-age=0\", max-age=60"],
            ),
            kept(
                "an escaped quote does not end what is quoted",
                &["Cache-Control: ext=\"a\\\", no-store\", max-age=60"],
            ),
            asked_again(
                "a max-age that an unknown directive quotes does not count",
                &["Cache-Control: ext=\"x, max-age=60\""],
            ),
            kept(
                "the same twice is the same",
                &["Cache-Control: max-age=60, max-age=60"],
            ),
            asked_again(
                "of two values the smaller counts",
                &["Cache-Control: max-age=60, max-age=0"],
            ),
            asked_again(
                "of two values in whatever order",
                &["Cache-Control: max-age=0, max-age=60"],
            ),
            asked_again(
                "of two values on two lines",
                &["Cache-Control: max-age=60", "Cache-Control: max-age=0"],
            ),
            asked_again(
                "of two s-maxage the smaller counts",
                &["Cache-Control: s-maxage=60, s-maxage=0"],
            ),
            kept(
                "ten kilobytes of other directives do not hide one",
                &[&format!("Cache-Control: {padding}max-age=60")],
            ),
            asked_again(
                "ten kilobytes of other directives do not hide no-store",
                &[&format!("Cache-Control: max-age=60, {padding}no-store")],
            ),
        ],
    );
}

#[test]
fn a_damaged_lifetime_is_none() {
    let damaged = [
        ("negative", "max-age=-1"),
        ("signed", "max-age=+60"),
        ("a fraction", "max-age=60.0"),
        ("with a comma for a point", "max-age=0,5"),
        ("behind a space", "max-age= 60"),
        ("behind a spaced sign", "max-age =60"),
        ("a word", "max-age=forever"),
        ("a quoted word", "max-age=\"forever\""),
        ("quoted with a space", "max-age=\" 60\""),
        ("in single quotes", "max-age='60'"),
        ("in a quote that does not end", "max-age=\"60"),
        ("followed by a unit", "max-age=60s"),
        ("followed by a parameter", "max-age=60;x=y"),
        ("of two numbers", "max-age=60 60"),
        ("hexadecimal", "max-age=0x60"),
        ("empty", "max-age="),
        ("absent", "max-age"),
        ("an empty quote", "max-age=\"\""),
        ("quoted and then more", "max-age=\"60\"x"),
        ("an s-maxage that is a word", "s-maxage=x, max-age=60"),
        ("an s-maxage that is a fraction", "s-maxage=60.5"),
        ("a damaged one beside a good one", "max-age=60, max-age=x"),
    ];
    let cases = damaged.map(|(what, value)| {
        let name = format!("{what}: stale");
        asked_again(
            &name,
            &[&format!("Cache-Control: {value}"), "Expires: {now+60}"],
        )
    });
    holds("", cases.into());
}

#[test]
fn what_is_fresh_is_told() {
    holds(
        "",
        vec![
            case("a hit says so and for how much longer")
                .origin_says(&["Cache-Control: max-age=2147483647"])
                .get(&[])
                .forwarded_as("uri-miss")
                .telling("fwd-status=200; ttl=21474836")
                .telling("; stored")
                .get(&[])
                .hit()
                .telling("; ttl=21474836"),
            case("earlier caches' words stay in front")
                .origin_says(&["Cache-Control: max-age=60", "Cache-Status: Upstream; hit"])
                .get(&[])
                .has("Cache-Status: Upstream; hit")
                .telling("Forebay; fwd=uri-miss")
                .get(&[])
                .has("Cache-Status: Upstream; hit")
                .hit(),
            case("what is not kept says why")
                .origin_says(&["Cache-Control: no-store"])
                .get(&[])
                .forwarded()
                .telling("detail=no-store"),
            case("another query is another thing")
                .origin_says(&["Cache-Control: max-age=60"])
                .get(&[])
                .at("?a=1")
                .forwarded()
                .get(&[])
                .at("?a=2")
                .forwarded_as("uri-miss")
                .get(&[])
                .at("?a=1")
                .hit()
                .body_of(1),
            case("another host is another thing")
                .origin_says(&["Cache-Control: max-age=60"])
                .get(&["Host: a.test"])
                .forwarded()
                .get(&["Host: b.test"])
                .forwarded_as("uri-miss")
                .get(&["Host: a.test"])
                .hit()
                .body_of(1),
        ],
    );
}
