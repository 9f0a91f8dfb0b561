//! From a pot to everybody's answers.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use engine::batch::{BatchOutcome, Member, MemberOutcome, Share, judge, share_headers};
use http::response;
use http_body::Body;
use http_body_util::BodyExt;
use policy::Mode;
use store::FillReservation;
use tokio::time::timeout;

use super::{
    Collector, Served, Trip, Verdict, Whose,
    collector::{Members, Seat, Watch},
};
use crate::{
    body::UpstreamBody,
    clock,
    errand::Errand,
    steps::keep::Audience,
    upstream::{self, EndpointState, Fetched, Story},
};

/// What a body of unknown length reserves to begin with.
const FIRST_RESERVATION: u64 = 64 * 1024;

/// What the upstream said, taken apart.
struct Answers {
    head: response::Parts,
    endpoint: Arc<EndpointState>,
    time: Duration,
    tries: u8,
    /// In the order of the members.
    shares: Vec<Share>,
}

/// Waits until a pot is full, or its first member has waited long enough, and sees to it that each
/// member hears something. `errand` is what the batch request is made of.
pub(super) async fn watch_over(errand: Errand, mut watch: Watch) {
    let snapshot = Arc::clone(&errand.snapshot);
    let Some(Some(collector)) = snapshot.batches.get(errand.route) else {
        return;
    };
    let filled = timeout(collector.max_wait(), &mut watch.filled).await;
    let members = match filled {
        Ok(filled) => filled.ok(),
        Err(_) => match collector.close(&watch) {
            Some(members) => Some(members),
            // It became full at this very moment.
            None => watch.filled.await.ok(),
        },
    };
    let Some(mut members) = members else {
        return;
    };
    // Nothing is asked for those who have left.
    members.retain(|(_, seat)| seat.as_ref().is_none_or(|seat| !seat.verdict.is_closed()));
    match (members.len(), collector.mode()) {
        (0, _) => {}
        (_, Mode::Shadow | Mode::Off) => count_unsent(collector, &errand, members.len()),
        (1, Mode::Enforce) => tell_all(members, MemberOutcome::Alone),
        (_, Mode::Enforce) => send(collector, errand, members).await,
    }
}

/// In shadow mode: what would have been.
fn count_unsent(collector: &Collector, errand: &Errand, members: usize) {
    let outcome = match members {
        1 => MemberOutcome::Alone,
        _ => MemberOutcome::Answered,
    };
    for _ in 0..members {
        collector.count(errand, outcome);
    }
    if members > 1 {
        let metrics = &errand.snapshot.metrics;
        metrics.batch(errand.route, BatchOutcome::Split, members);
    }
}

fn tell_all(members: Members, outcome: MemberOutcome) {
    for (_, seat) in members {
        tell(seat, Verdict::Alone(outcome));
    }
}

fn tell(seat: Option<Seat>, verdict: Verdict) {
    if let Some(Seat {
        verdict: to,
        places,
    }) = seat
    {
        // Before it hears of it: who asks again at once must not find its place taken.
        drop(places);
        // Who has left meanwhile does not mind.
        let _left = to.send(verdict);
    }
}

async fn send(collector: &Collector, errand: Errand, members: Members) {
    let (route, count) = (errand.route, members.len());
    let snapshot = Arc::clone(&errand.snapshot);
    let asked: Vec<&Member> = members.iter().map(|(member, _)| member).collect();
    let answers = exchange(collector, errand, &asked).await;
    let outcome = match &answers {
        Ok(_) => BatchOutcome::Split,
        Err(outcome) => *outcome,
    };
    let name = &snapshot.policies.routes[route].name;
    collector.ended(name, outcome);
    snapshot.metrics.batch(route, outcome, count);
    match answers {
        Ok(answers) => hand_out(members, &answers),
        Err(outcome) => {
            tracing::debug!(route = %name, reason = outcome.as_str(), "a batch failed");
            tell_all(members, MemberOutcome::Failed);
        }
    }
}

/// Asks the upstream and takes its answer apart.
async fn exchange(
    collector: &Collector,
    errand: Errand,
    members: &[&Member],
) -> Result<Answers, BatchOutcome> {
    let plan = &collector.plan;
    let composed = plan.compose(members).ok_or(BatchOutcome::Failed)?;
    let errand = errand.asking_for(composed);
    let (order, _) = errand.order();
    let story = Story::default();
    let began = clock::monotonic();
    let fetched = upstream::fetch(&errand, order, Audience::Several, &story).await;
    let time = clock::monotonic().saturating_sub(began);
    let Fetched {
        head,
        body,
        endpoint,
    } = fetched.map_err(|_| BatchOutcome::Failed)?;
    match judge(head.status, &head.headers, members) {
        BatchOutcome::Split => {}
        outcome => return Err(outcome),
    }
    let most = collector.policy.max_answer.bytes();
    let (body, _held) = read(&errand, body, most).await?;
    Ok(Answers {
        shares: plan.split(members, &body)?,
        head,
        endpoint,
        time,
        tries: story.tries(),
    })
}

/// The whole body, and the memory that was promised for it.
async fn read(
    errand: &Errand,
    mut body: UpstreamBody,
    most: u64,
) -> Result<(Bytes, FillReservation), BatchOutcome> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > most) {
        return Err(BatchOutcome::Oversized);
    }
    let fills = &errand.sidecar.fills;
    let reserved = fills.reserve(length.unwrap_or(FIRST_RESERVATION));
    let mut held = reserved.ok_or(BatchOutcome::Oversized)?;
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BatchOutcome::Failed)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let total = (whole.len() + data.len()) as u64;
        if total > most || !held.grow_to(total) {
            return Err(BatchOutcome::Oversized);
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), held))
}

/// Gives each member what is its own.
fn hand_out(members: Members, answers: &Answers) {
    let mut whose = Whose::Own;
    for ((_, seat), share) in members.into_iter().zip(&answers.shares) {
        let verdict = match share {
            Share::Ambiguous => Verdict::Alone(MemberOutcome::Ambiguous),
            Share::Missing => Verdict::Alone(MemberOutcome::Missing),
            Share::Body(body) => {
                let served = Served {
                    fetched: answers.of(body.clone()),
                    trip: Trip {
                        whose: std::mem::replace(&mut whose, Whose::Others),
                        time: answers.time,
                        tries: answers.tries,
                    },
                };
                Verdict::Answered(Box::new(served))
            }
        };
        tell(seat, verdict);
    }
}

// === impl Answers ===

impl Answers {
    /// One member's answer.
    fn of(&self, body: Bytes) -> Fetched {
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.status = self.head.status;
        head.version = self.head.version;
        head.headers = share_headers(&self.head.headers, body.len());
        Fetched {
            head,
            body: UpstreamBody::here(body),
            endpoint: Arc::clone(&self.endpoint),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        sync::atomic::{AtomicU32, Ordering},
        task::{Context, Wake, Waker},
    };

    use tokio::sync::oneshot;

    use super::*;
    use crate::places::{self, Entering, Places, Tally};

    /// How many places were taken when somebody was woken.
    struct Woken {
        tally: Arc<Tally>,
        taken: AtomicU32,
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.taken.store(self.tally.in_flight(), Ordering::Relaxed);
        }
    }

    /// Who has its answer may ask again at once.
    #[test]
    fn a_member_that_hears_something_has_its_place_back() {
        let (cells, tally) = (Arc::default(), Arc::<Tally>::default());
        let Entering::Go(place) = places::enter(&cells, 7, 1, &tally) else {
            panic!("the first place is taken");
        };
        let (verdict, told) = oneshot::channel();
        let seat = Seat {
            verdict,
            places: Places::new(vec![place]),
        };
        let woken = Arc::new(Woken {
            taken: AtomicU32::new(u32::MAX),
            tally,
        });
        let mut told = pin!(told);
        let waker = Waker::from(Arc::clone(&woken));
        assert!(
            told.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        tell(Some(seat), Verdict::Alone(MemberOutcome::Alone));
        assert_eq!(woken.taken.load(Ordering::Relaxed), 0);
    }
}
