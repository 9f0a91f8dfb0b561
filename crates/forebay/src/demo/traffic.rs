//! What the clients ask for: a few things very often, many things now and then, and one client that
//! does not know when to stop. The same seed makes the same requests.

use fastrand::Rng;
use http::{HeaderValue, Method, Uri};

/// Products that are asked for one by one, and pages of the list.
const PRODUCTS: usize = 300;
const PAGES: usize = 25;

/// What people search for.
const SEARCHES: [&str; 8] = [
    "kettle", "lamp", "rain", "ladder", "copper", "gate", "winter", "gift",
];

/// How much more often the first is asked for than the others: frequency falls with the rank to this
/// power.
const SKEW: f64 = 1.1;

/// Requests of each well-behaved client, on average; half of what its limit allows at once.
const REQUESTS_PER_CLIENT: u32 = 50;

/// The client that hammers.
const CRAWLER: &str = "crawler";

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) method: Method,
    pub(super) target: Uri,
    /// Who asks, in `X-Api-Key`.
    pub(super) client: HeaderValue,
}

/// Draws ranks, small ones often.
struct Zipf {
    /// Rising sums of the weights.
    sums: Vec<f64>,
}

/// All requests, in the order in which they are sent.
pub(super) fn plan(seed: u64, requests: u32) -> Vec<Planned> {
    let mut rng = Rng::with_seed(seed);
    let (products, pages) = (Zipf::new(PRODUCTS), Zipf::new(PAGES));
    let clients = (requests * 4 / 5 / REQUESTS_PER_CLIENT).max(4);
    let mut one = || {
        let client = match rng.u32(..5) {
            0 => CRAWLER.to_owned(),
            _ => format!("shop-{}", rng.u32(..clients)),
        };
        let (method, target) = match rng.u32(..100) {
            0..35 => (
                Method::GET,
                format!("/products?page={}", pages.draw(&mut rng)),
            ),
            35..42 => {
                let (page, campaign) = (pages.draw(&mut rng), rng.u32(..1000));
                (
                    Method::GET,
                    format!("/products?page={page}&utm_campaign={campaign}"),
                )
            }
            42..77 => (
                Method::GET,
                format!("/products/{}", products.draw(&mut rng)),
            ),
            77..83 => {
                let wanted = SEARCHES[rng.usize(..SEARCHES.len())];
                (Method::GET, format!("/search?q={wanted}"))
            }
            83..92 => (Method::GET, format!("/stock/{}", products.draw(&mut rng))),
            92..96 => (Method::GET, "/me".to_owned()),
            _ => (Method::POST, "/orders".to_owned()),
        };
        // Letters, digits and the few marks above are always a URL and a field value.
        Some(Planned {
            method,
            target: target.parse().ok()?,
            client: client.parse().ok()?,
        })
    };
    (0..requests).filter_map(|_| one()).collect()
}

/// A list of users as a page shows it: each asked for by itself, all by the same client.
pub(super) fn users(count: usize) -> Vec<Planned> {
    let one = |id| {
        Some(Planned {
            method: Method::GET,
            target: format!("/users/{id}").parse().ok()?,
            client: HeaderValue::from_static("team-page"),
        })
    };
    (1..=count).filter_map(one).collect()
}

// === impl Zipf ===

impl Zipf {
    fn new(ranks: usize) -> Self {
        let weights = (1..=ranks).map(|rank| (rank as f64).powf(-SKEW));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self {
            sums: sums.collect(),
        }
    }

    /// A rank from 1.
    fn draw(&self, rng: &mut Rng) -> usize {
        let all = self.sums.last().copied().unwrap_or_default();
        let drawn = rng.f64() * all;
        1 + self.sums.partition_point(|sum| *sum < drawn)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_requests() {
        assert_eq!(plan(7, 500), plan(7, 500));
        assert_ne!(plan(7, 500), plan(8, 500));
        assert_eq!(plan(7, 500).len(), 500);
    }

    #[test]
    fn a_few_are_asked_for_often_and_only_the_crawler_too_often() {
        let mut targets: HashMap<String, u32> = HashMap::new();
        let mut clients: HashMap<HeaderValue, u32> = HashMap::new();
        for planned in plan(7, 2000) {
            *targets.entry(planned.target.to_string()).or_default() += 1;
            *clients.entry(planned.client).or_default() += 1;
        }
        assert!(targets["/products?page=1"] > 10 * targets["/products?page=20"]);
        let crawler = clients.remove(&HeaderValue::from_static(CRAWLER)).unwrap();
        assert!(crawler > 300, "{crawler}");
        let busiest = clients.values().max().unwrap();
        assert!(*busiest < 100, "{busiest}");
    }
}
