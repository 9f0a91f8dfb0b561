//! Keys: different requests never share one, and what is no key is not read as one.

use engine::cache::key::{KeyParts, KeyedBody};
use policy::{QueryKey, Scheme};

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "cache_key",
    words: &[
        "\x02s\x01o\x01\u{1}mr",
        "r\0\0\0\x01a",
        "h\0\0\0\x01b",
        "p\0\0\0\x01/",
        "q\0\0\0\0",
        "u\0\0\0\x01u",
        "\0\0\0\x01",
        "\n",
        "-\n",
        "/a",
        "QUERY",
    ],
    run,
};

fn run(data: &[u8]) {
    if let Some(parts) = KeyParts::of(data) {
        assert_eq!(encoded(&parts), data, "two keys for the same parts");
    }
    let mut input = Input::of(data);
    let [one, other] = [(); 2].map(|()| [(); 8].map(|()| input.text()));
    let [one, other] = [&one, &other].map(|texts| parts(texts));
    let keys = [&one, &other].map(encoded);
    assert_eq!(KeyParts::of(&keys[0]), Some(one));
    assert_eq!(KeyParts::of(&keys[1]), Some(other));
    assert_eq!(keys[0] == keys[1], one == other);
}

/// `-` is a part that is not there.
fn parts(texts: &[String; 8]) -> KeyParts<'_> {
    let [route, host, path, query, user, method, content_type, body] = texts;
    let present = |text: &'_ String| text != "-";
    KeyParts {
        route,
        scheme: match route.len() % 2 {
            0 => Scheme::Http,
            _ => Scheme::Https,
        },
        host,
        port: u16::try_from(host.len()).unwrap_or(443),
        path,
        query: Some(query.as_str()).filter(|_| present(query)),
        user: Some(user.as_str()).filter(|_| present(user)),
        body: present(method).then_some(KeyedBody {
            method,
            content_type: Some(content_type.as_bytes()).filter(|_| present(content_type)),
            content_encoding: Some(&b"gzip"[..]).filter(|_| body.len() > 3),
            bytes: body.as_bytes(),
        }),
    }
}

fn encoded(parts: &KeyParts<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    parts.encode(&QueryKey::default(), None, &mut key);
    key
}
