//! What the API says.

use std::time::SystemTime;

use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// Products on one page of a list.
const PER_PAGE: u64 = 40;

const ADJECTIVES: [&str; 8] = [
    "Sturdy",
    "Quiet",
    "Foldable",
    "Copper",
    "Enamelled",
    "Round",
    "Left-handed",
    "Winter",
];
const NOUNS: [&str; 8] = [
    "kettle",
    "lantern",
    "workbench",
    "sluice gate",
    "turbine",
    "ladder",
    "rain barrel",
    "compass",
];

pub(super) fn answer(head: &Parts) -> Response<Full<Bytes>> {
    let path = head.uri.path();
    let mut segments = path.trim_start_matches('/').split('/');
    let (first, second) = (segments.next().unwrap_or_default(), segments.next());
    let number = |text: &str| text.parse::<u64>().ok();
    match (&head.method, first, second) {
        (&Method::GET, "products", None) => {
            let page = parameter(head, "page").and_then(number).unwrap_or(1);
            ok(&list(page.saturating_mul(PER_PAGE)))
        }
        (&Method::GET, "products", Some(id)) => number(id).map_or_else(missing, |id| {
            let mut product = product(id);
            product["reviews"] = (0..20).map(|review| review_of(id, review)).collect();
            ok(&product)
        }),
        (&Method::GET, "stock", Some(id)) => {
            number(id).map_or_else(missing, |id| ok(&json!({"id": id, "in_stock": stock(id)})))
        }
        (&Method::GET, "users", Some(id)) => number(id).map_or_else(missing, |id| ok(&user(id))),
        (&Method::GET, "users", None) => {
            let ids = parameter(head, "ids").unwrap_or_default();
            ok(&ids.split(',').filter_map(number).map(user).collect())
        }
        (&Method::GET, "search", None) => {
            let wanted = parameter(head, "q").unwrap_or_default();
            let first = wanted.bytes().map(u64::from).sum();
            ok(&list(first))
        }
        (&Method::GET, "me", None) => {
            let mut response = ok(&json!({"name": "Somebody", "basket": [3, 14, 15]}));
            let cookie = HeaderValue::from_static("session=1a2b3c; HttpOnly");
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        (&Method::POST, "orders", None) => {
            let mut response = ok(&json!({"accepted": true}));
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        _ => missing(),
    }
}

fn ok(document: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{document:#}")));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn missing() -> Response<Full<Bytes>> {
    let mut response = ok(&json!({"error": "there is no such thing"}));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn parameter<'a>(head: &'a Parts, wanted: &str) -> Option<&'a str> {
    let pairs = head.uri.query()?.split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

fn list(first: u64) -> Value {
    let products = (first..first.saturating_add(PER_PAGE)).map(product);
    json!({"products": products.collect::<Vec<_>>()})
}

fn product(id: u64) -> Value {
    let pick = |words: &[&'static str; 8], by: u64| words[usize::try_from(by % 8).unwrap_or(0)];
    let name = format!("{} {}", pick(&ADJECTIVES, id), pick(&NOUNS, id / 8));
    json!({
        "id": id,
        "name": name,
        "price": {"currency": "EUR", "cents": 500 + id.wrapping_mul(7919) % 20_000},
        "description": format!("{name}, made to last, delivered in the week after you order it."),
        "tags": ["workshop", "outdoor", pick(&NOUNS, id / 3)],
    })
}

fn review_of(id: u64, review: u64) -> Value {
    json!({
        "stars": 1 + (id + review) % 5,
        "text": format!("Bought {review} of these and would do so again. The colour is as shown."),
        "helpful": id.wrapping_mul(31).wrapping_add(review) % 100,
    })
}

fn user(id: u64) -> Value {
    json!({"id": id, "name": format!("User {id}"), "member_since": 1990 + id % 35})
}

/// Another number each second.
fn stock(id: u64) -> u64 {
    let since = proxy::now().wall.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    seconds.wrapping_mul(37).wrapping_add(id) % 500
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn asked(method: &str, target: &str) -> (StatusCode, usize) {
        let request = Request::builder().method(method).uri(target);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let (head, body) = answer(&head).into_parts();
        (head.status, body.collect().await.unwrap().to_bytes().len())
    }

    #[tokio::test]
    async fn a_page_is_as_large_as_pages_of_such_apis_are() {
        for target in ["/products", "/products?page=20", "/search?q=kettle"] {
            let (status, bytes) = asked("GET", target).await;
            assert_eq!(status, StatusCode::OK);
            assert!((8_000..20_000).contains(&bytes), "{target}: {bytes}");
        }
    }

    #[tokio::test]
    async fn many_users_are_those_that_are_asked_for_one_by_one() {
        let (_, one) = asked("GET", "/users/7").await;
        let (_, three) = asked("GET", "/users?ids=7,8,9").await;
        let (_, none) = asked("GET", "/users").await;
        assert!(none < one && three > 3 * one, "{none} {one} {three}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        for (method, target, status) in [
            ("GET", "/products/7", 200),
            ("GET", "/products/x", 404),
            ("GET", "/users/7", 200),
            ("GET", "/users/x", 404),
            ("GET", "/users?ids=1,2", 200),
            ("GET", "/", 404),
            ("POST", "/orders", 201),
            ("DELETE", "/products/7", 404),
        ] {
            assert_eq!(
                asked(method, target).await.0.as_u16(),
                status,
                "{method} {target}"
            );
        }
    }
}
