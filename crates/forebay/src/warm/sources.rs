//! Where the URLs come from.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use http::Uri;

use super::{
    access_log, runner,
    sitemap::{self, Sitemap},
};
use crate::client::{Client, Door};

/// The most that is read of a list or a sitemap, in bytes; the protocol allows no more.
const MOST_READ: u64 = 50 * 1024 * 1024;

/// The most sitemaps that are read of an index.
const MOST_SITEMAPS: usize = 1000;

/// The most URLs in all.
const MOST_URLS: usize = 500_000;

/// Where they come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Said one by one.
    pub(crate) urls: Vec<String>,
    /// A file with one per line.
    pub(crate) url_file: Option<PathBuf>,
    /// A file, or a URL that is asked for through the same door.
    pub(crate) sitemap: Option<String>,
    pub(crate) access_log: Option<PathBuf>,
    /// Stands in front of paths whose host the log does not name.
    pub(crate) base: Option<String>,
    /// The most that is taken from the log.
    pub(crate) top: usize,
}

/// URLs, each once, in the order in which they were named.
#[derive(Debug, Default)]
pub(crate) struct Urls {
    seen: HashSet<Uri>,
    list: Vec<Uri>,
    /// What there is to say about the sources.
    pub(crate) remarks: Vec<String>,
}

// === impl Sources ===

impl Sources {
    /// Reads all of them; sitemaps by URL are asked for at `door`.
    pub(crate) async fn read(&self, door: impl Fn(&Uri) -> Door) -> anyhow::Result<Urls> {
        let mut urls = Urls::default();
        for url in &self.urls {
            urls.add(absolute(url)?);
        }
        if let Some(path) = &self.url_file {
            let named = || path.display().to_string();
            let text = String::from_utf8(read(path).with_context(named)?).with_context(named)?;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    let url = absolute(line);
                    urls.add(url.with_context(|| format!("{}:{}", named(), number + 1))?);
                }
            }
        }
        if let Some(place) = &self.sitemap {
            sitemaps(place, &door, &mut urls).await?;
        }
        if let Some(path) = &self.access_log {
            self.popular(path, &mut urls)
                .with_context(|| path.display().to_string())?;
        }
        Ok(urls)
    }

    fn popular(&self, path: &Path, urls: &mut Urls) -> io::Result<()> {
        let mut log = BufReader::new(File::open(path)?);
        let popular = access_log::read(&mut log, self.base.as_deref(), self.top)?;
        if popular.without_host > 0 {
            urls.remarks.push(format!(
                "{}: {} lines do not say which host was asked",
                path.display(),
                popular.without_host
            ));
        }
        for url in popular.urls {
            urls.add(url);
        }
        Ok(())
    }
}

async fn sitemaps(
    place: &str,
    door: &impl Fn(&Uri) -> Door,
    urls: &mut Urls,
) -> anyhow::Result<()> {
    let text = match place.parse::<Uri>() {
        // A name alone is a host to the parser, and a file to everybody else.
        Ok(url) if url.scheme().is_some() => fetch(&url, door).await?,
        _ => read(Path::new(place)).with_context(|| place.to_owned())?,
    };
    let parts = match sitemap::read(&text).with_context(|| place.to_owned())? {
        Sitemap::Urls(found) => {
            found.into_iter().for_each(|url| urls.add(url));
            return Ok(());
        }
        Sitemap::Index(parts) => parts,
    };
    for part in parts.iter().take(MOST_SITEMAPS) {
        // One broken list must not keep the others away.
        let read = fetch(part, door).await;
        let read = read.and_then(|text| Ok(sitemap::read(&text)?));
        match read {
            Ok(Sitemap::Urls(found)) => found.into_iter().for_each(|url| urls.add(url)),
            Ok(Sitemap::Index(_)) => urls
                .remarks
                .push(format!("{part}: an index within an index")),
            Err(error) => urls.remarks.push(format!("{part}: {error:#}")),
        }
    }
    Ok(())
}

async fn fetch(url: &Uri, door: &impl Fn(&Uri) -> Door) -> anyhow::Result<Vec<u8>> {
    let most = usize::try_from(MOST_READ).unwrap_or(usize::MAX);
    let mut client = Client::new(door(url), std::time::Duration::from_secs(60));
    let mut request = runner::request(url)?;
    // It is read here, and not by a client.
    request.headers_mut().remove(http::header::ACCEPT_ENCODING);
    let answer = client.ask(request, most).await?;
    if !answer.status.is_success() {
        bail!("{url} was answered with {}", answer.status);
    }
    Ok(answer.body)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn absolute(text: &str) -> anyhow::Result<Uri> {
    let url: Uri = text
        .parse()
        .with_context(|| format!("{text} is not a URL"))?;
    match (url.scheme_str(), url.authority()) {
        (Some("http" | "https"), Some(_)) => Ok(url),
        _ => bail!("{text} does not begin with http:// or https://"),
    }
}

// === impl Urls ===

impl Urls {
    pub(crate) fn add(&mut self, url: Uri) {
        if self.list.len() < MOST_URLS && self.seen.insert(url.clone()) {
            self.list.push(url);
        }
    }

    pub(crate) fn into_list(self) -> Vec<Uri> {
        self.list
    }
}
