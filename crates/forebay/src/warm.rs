//! `forebay warm`: asking a running Forebay for what clients will ask for.

mod access_log;
pub(crate) mod runner;
mod sitemap;
pub(crate) mod sources;

use std::sync::Arc;

use http::Uri;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use self::{
    runner::{Runner, Summary},
    sources::Sources,
};
use crate::{
    args::{ReportFormat, WarmArgs},
    client::Door,
    exit::Exit,
    output::{Paint, Reader, complain, note, say},
};

/// Asks for all of them, and tells what became of them.
pub(crate) fn warm(args: &WarmArgs, paint: Paint) -> Exit {
    let summary = match run(args, paint) {
        Ok(summary) => summary,
        Err(error) => {
            complain(paint, format_args!("{error:#}"), "");
            return Exit::Failed;
        }
    };
    let said = say(&match args.output {
        ReportFormat::Json => format!("{:#}\n", summary.to_json()),
        ReportFormat::Text => summary.to_text(),
    });
    match summary.failures() {
        0 => said,
        _ => Exit::Failed,
    }
}

fn run(args: &WarmArgs, paint: Paint) -> anyhow::Result<Summary> {
    let through = args.through.clone();
    let door = move |_: &Uri| through.clone();
    let sources = Sources {
        urls: args.urls.clone(),
        url_file: args.url_file.clone(),
        sitemap: args.sitemap.clone(),
        access_log: args.access_log.clone(),
        base: args.base.clone().or_else(|| match &args.through {
            through @ Door::Address(_) => Some(through.to_string()),
            Door::Inside(..) | Door::Unix(_) => None,
        }),
        top: args.top as usize,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let urls = sources.read(&door).await?;
        for remark in &urls.remarks {
            note(&format!("{remark}\n"));
        }
        let urls = urls.into_list();
        let bar = progress(urls.len(), paint);
        let stepping = bar.clone();
        let runner = Runner {
            door: Arc::new(door),
            rate: args.rate,
            concurrency: usize::from(args.concurrency),
            step: Arc::new(move || stepping.inc(1)),
        };
        let summary = runner.run(urls).await;
        bar.finish();
        Ok(summary)
    })
}

/// A bar for a person, one line for a program.
fn progress(urls: usize, paint: Paint) -> ProgressBar {
    let target = match paint.reader {
        Reader::Person => ProgressDrawTarget::stderr(),
        Reader::Program => {
            note(&format!("{urls} URLs ..\n"));
            ProgressDrawTarget::hidden()
        }
    };
    let bar = ProgressBar::with_draw_target(Some(urls as u64), target);
    // A template that is not understood leaves the bar in its own style.
    if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {pos}/{len}, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

// === impl Summary ===

impl Summary {
    fn to_text(&self) -> String {
        let mut text = format!(
            "fetched        {}\nheld already   {}\nnot cacheable  {}\n",
            self.fetched,
            self.held,
            self.unkept()
        );
        for (reason, number) in &self.not_kept {
            text.push_str(&format!("  {number} {reason}\n"));
        }
        text.push_str(&format!("failed         {}\n", self.failures()));
        for (reason, number) in &self.failed {
            text.push_str(&format!("  {number} {reason}\n"));
        }
        text
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "fetched": self.fetched,
            "held": self.held,
            "not_cacheable": self.not_kept,
            "failed": self.failed,
        })
    }
}
