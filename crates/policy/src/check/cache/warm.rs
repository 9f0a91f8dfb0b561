//! What is fetched before anybody asks. Files are named here and opened elsewhere.

use std::{
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
    time::Duration,
};

use crate::{
    Popularity, Rate, Warm,
    check::{
        findings::{DAY, Findings},
        listeners::check_file,
        url::{UrlMistake, parse_url},
    },
    diagnostic::Code,
    file::{At, Count, PopularityFile, WarmFile},
};

const SOURCES: [&str; 5] = [
    "urls",
    "url_file",
    "sitemap_file",
    "access_log",
    "popularity",
];

const TOP: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
const CONCURRENCY: NonZeroU32 = NonZeroU32::new(4).unwrap();
const FETCHES_A_SECOND: u32 = 50;

pub(super) fn check_warm(findings: &mut Findings<'_>, warm: &At<WarmFile>) -> Option<Warm> {
    let shape = &warm.value;
    let urls = shape.urls.as_ref().map_or(&[][..], |at| &at.value);
    let nothing = urls.is_empty()
        && shape.url_file.is_none()
        && shape.sitemap_file.is_none()
        && shape.access_log.is_none()
        && shape.popularity.is_none();
    if nothing
        && !SOURCES
            .iter()
            .any(|source| findings.lost_in(warm.node, source))
    {
        let message = "there is nothing to warm the cache with".to_owned();
        let help = "add `urls`, `url_file`, `sitemap_file`, `access_log` or `popularity`";
        findings.key_error(warm.node, Code::Missing, message, help);
    }
    urls.iter().for_each(|url| check_url(findings, url));
    let rate = match &shape.rate {
        None => Rate::new(FETCHES_A_SECOND, Duration::from_secs(1)).ok(),
        Some(rate) => {
            findings.rate_within_a_day(rate);
            Some(rate.value.0)
        }
    };
    let popularity = shape.popularity.as_ref();
    Some(Warm {
        urls: urls.iter().map(|url| url.value.clone()).collect(),
        url_file: path(findings, shape.url_file.as_ref()),
        sitemap_file: path(findings, shape.sitemap_file.as_ref()),
        access_log: path(findings, shape.access_log.as_ref()),
        popularity: popularity.and_then(|popularity| check_popularity(findings, popularity)),
        top: number(findings, shape.top.as_ref(), TOP, 1_000_000),
        concurrency: number(findings, shape.concurrency.as_ref(), CONCURRENCY, 1_000),
        rate: rate?,
    })
}

fn check_url(findings: &mut Findings<'_>, url: &At<String>) {
    if let Err(why) = parse_url(&url.value) {
        // The password of a URL is not repeated.
        let message = match why {
            UrlMistake::Password => "the URL holds a user name or password".to_owned(),
            UrlMistake::Other(why) => {
                format!("`{}` is not a URL to fetch: {why}", findings.show(url))
            }
        };
        let help = "write what a client would ask for, such as `https://shop.example/page?a=1`";
        findings.error(url.node, Code::BadWarmUrl, message, help);
    }
}

fn check_popularity(
    findings: &mut Findings<'_>,
    popularity: &At<PopularityFile>,
) -> Option<Popularity> {
    let bounds = (Duration::from_secs(1), DAY);
    let every = popularity.value.every.as_ref();
    let every = findings.time(every, Duration::from_secs(60), bounds);
    let Some(file) = &popularity.value.file else {
        let help = "say where it is remembered: `file: /var/lib/forebay/popular`";
        findings.missing(popularity.node, "file", help);
        return None;
    };
    let file = check_file(findings, file)?;
    Some(Popularity { file, every })
}

fn path(findings: &mut Findings<'_>, file: Option<&At<String>>) -> Option<PathBuf> {
    file.and_then(|file| check_file(findings, file))
}

fn number(
    findings: &mut Findings<'_>,
    count: Option<&At<Count>>,
    default: NonZeroU32,
    most: u64,
) -> NonZeroU32 {
    let count = findings.count(count, NonZeroU64::from(default).get(), (1, most));
    // Anything else is out of bounds and has been reported.
    u32::try_from(count)
        .ok()
        .and_then(NonZeroU32::new)
        .unwrap_or(default)
}
