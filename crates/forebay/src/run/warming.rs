//! `cache.warm`: what is fetched when the process has started, before anybody asks for it.
//!
//! On a thread of its own, because a connection's task must stay on its thread, and because nothing of
//! it may hold up the start: it begins when the process is ready, and whatever goes wrong is only
//! logged. It ends with the process, whether it is done or not.

mod popularity;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;
use http::Uri;
use policy::Warm;
use proxy::Sidecar;
use telemetry::{Health, Stage};
use tokio::time::{interval, sleep};

use crate::{
    client::Door,
    entrance,
    warm::{
        runner::{Runner, Summary},
        sources::{Sources, Urls},
    },
};

/// Between two looks at whether the process is ready.
const LOOK: Duration = Duration::from_millis(20);

/// Between two lines about how far it is.
const TELL: Duration = Duration::from_secs(10);

/// An application that starts beside Forebay may come up after it. So often it is asked whether it is
/// there, first after [`FIRST_PAUSE`] and then after twice as long each time, up to [`LONGEST_PAUSE`].
const TRIES: u32 = 24;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The thread, if there is one.
#[derive(Debug)]
pub(super) struct Warming(Option<thread::JoinHandle<()>>);

/// Begins to warm when there is something to, once `health` says that the process is ready.
pub(super) fn start(sidecar: &Arc<Sidecar>, health: &Arc<Health>) -> anyhow::Result<Warming> {
    let Some(warm) = sidecar.policies().cache.warm.clone() else {
        return Ok(Warming(None));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (sidecar, health) = (Arc::clone(sidecar), Arc::clone(health));
    let run = move || {
        runtime.block_on(async {
            while health.stage() == Stage::Starting {
                sleep(LOOK).await;
            }
            let known = popularity::recall(&sidecar, &warm);
            let work = async {
                warm_up(&sidecar, &warm, known).await;
                // Nothing is left to do but to keep the snapshot.
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = work => {}
                () = popularity::keep(&sidecar, &warm) => {}
                () = draining(&health) => {}
            }
            popularity::write(&sidecar, &warm);
        });
    };
    let thread = thread::Builder::new()
        .name("warming".to_owned())
        .spawn(run)
        .context("the warming thread")?;
    Ok(Warming(Some(thread)))
}

// === impl Warming ===

impl Warming {
    /// Waits until what was popular is written, which the draining process has already begun.
    pub(super) fn stop(self) {
        if let Some(Err(_panicked)) = self.0.map(thread::JoinHandle::join) {
            tracing::error!("the warming thread ended with a panic");
        }
    }
}

async fn draining(health: &Health) {
    while health.stage() != Stage::Draining {
        sleep(LOOK).await;
    }
}

async fn warm_up(sidecar: &Arc<Sidecar>, warm: &Warm, known: Vec<Uri>) {
    let door = {
        let sidecar = Arc::clone(sidecar);
        move |url: &Uri| {
            let listener = entrance::of(&sidecar.policies(), url);
            Door::Inside(Arc::clone(&sidecar), listener)
        }
    };
    let mut all = urls(warm, &door).await;
    known.into_iter().for_each(|url| all.add(url));
    let urls = all.into_list();
    let planned = urls.len();
    tracing::info!(urls = planned, "warming");
    let done = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&done);
    let runner = Runner {
        door: Arc::new(door),
        rate: warm.rate,
        concurrency: usize::try_from(warm.concurrency.get()).unwrap_or(usize::MAX),
        step: Arc::new(move || {
            counting.fetch_add(1, Ordering::Relaxed);
        }),
    };
    await_origin(&runner, urls.first()).await;
    let summary = tokio::select! {
        summary = runner.run(urls) => summary,
        () = tell(&done, planned) => return,
    };
    report(&summary);
}

/// Asks for the first URL until there is an answer, or for about ten minutes.
async fn await_origin(runner: &Runner, first: Option<&Uri>) {
    let Some(first) = first else { return };
    let quiet = Runner {
        step: Arc::new(|| {}),
        ..runner.clone()
    };
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES {
        let absent = ["status 502", "status 503", "status 504"];
        let summary = quiet.run(vec![first.clone()]).await;
        if !absent
            .iter()
            .any(|reason| summary.failed.contains_key(*reason))
        {
            return;
        }
        tracing::info!(url = %first, "the origin does not answer yet; warming waits for it");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What one source gives is not lost because another cannot be read.
async fn urls(warm: &Warm, door: &impl Fn(&Uri) -> Door) -> Urls {
    let top = usize::try_from(warm.top.get()).unwrap_or(usize::MAX);
    let nothing = || Sources {
        top,
        ..Sources::default()
    };
    let sitemap = warm.sitemap_file.as_ref();
    let each = [
        Sources {
            urls: warm.urls.clone(),
            ..nothing()
        },
        Sources {
            url_file: warm.url_file.clone(),
            ..nothing()
        },
        Sources {
            sitemap: sitemap.map(|path| path.display().to_string()),
            ..nothing()
        },
        Sources {
            access_log: warm.access_log.clone(),
            ..nothing()
        },
    ];
    let mut all = Urls::default();
    for source in each {
        match source.read(door).await {
            Ok(found) => {
                for remark in &found.remarks {
                    tracing::warn!(remark, "warming");
                }
                found.into_list().into_iter().for_each(|url| all.add(url));
            }
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "a source of cache.warm cannot be read"
            ),
        }
    }
    all
}

/// Says now and then how far it is; never ends.
async fn tell(done: &AtomicU64, planned: usize) {
    let mut ticks = interval(TELL);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        tracing::info!(
            done = done.load(Ordering::Relaxed),
            urls = planned,
            "warming"
        );
    }
}

fn report(summary: &Summary) {
    tracing::info!(
        fetched = summary.fetched,
        held = summary.held,
        not_cacheable = summary.unkept(),
        failed = summary.failures(),
        "warmed"
    );
    for (reason, number) in summary.not_kept.iter().chain(&summary.failed) {
        tracing::debug!(reason, number, "not warmed");
    }
}
