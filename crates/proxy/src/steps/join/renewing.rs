//! A fetch that no client waits for.

use engine::{cache::reuse::Asked, collapse::Manner};

use super::{begin, fly, meanwhile::renewed_meanwhile};
use crate::{
    clock,
    errand::Errand,
    flight::{Boarding, Landing},
    renewal::Ticket,
    steps::{
        fetch::{Delivery, fetch},
        keep::{Audience, Kept},
    },
};

/// Renews what is stored; nobody waits for it but those who want the same meanwhile.
pub(crate) async fn renew(errand: Box<Errand>, ticket: Ticket) {
    let key = &errand.intent.flight_key;
    let asked = if key.is_empty() {
        if renewed_meanwhile(&errand).is_some() {
            return ticket.succeeded();
        }
        let body = errand.kept_body();
        match fetch(errand, body, None, Audience::One).await {
            Ok((mut delivery, job)) => {
                let running = begin(&mut delivery, job).await;
                let asked = asked(&delivery);
                // Nobody reads along.
                drop(delivery);
                // Until it is stored, whoever finds the old one must not begin another.
                if let Some(running) = running {
                    running.await;
                }
                asked
            }
            Err(_) => Asked::Failed,
        }
    } else {
        let hash = store::hash(key);
        match errand.sidecar.flights.board(key, hash, Manner::Patient) {
            Boarding::Lead(mut lead) => {
                if let Some(stored) = renewed_meanwhile(&errand) {
                    lead.land(Landing::Stored(stored));
                    return ticket.succeeded();
                }
                match fly(errand, lead).await {
                    Ok(delivery) => asked(&delivery),
                    Err(_) => Asked::Failed,
                }
            }
            // Somebody is fetching it already.
            Boarding::Alone | Boarding::Follow(_) => return ticket.succeeded(),
        }
    };
    match asked {
        Asked::Answered => ticket.succeeded(),
        Asked::Failed => ticket.failed(clock::monotonic()),
    }
}

/// How a renewal went: an error may come without anything that stands in for it, and is a failure all
/// the same.
fn asked(delivery: &Delivery) -> Asked {
    match (&delivery.kept, delivery.origin) {
        (Kept::StoodIn(_), _) => Asked::Failed,
        (_, Some(origin)) => Asked::with_status(origin.status),
        (_, None) => Asked::Answered,
    }
}
