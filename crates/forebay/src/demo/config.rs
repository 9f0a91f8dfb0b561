//! The configuration of the demonstration, where it is kept, and what to try with it.

use std::{
    fs::{self, DirBuilder},
    io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    args,
    output::{Ink, Tone},
};

/// A directory of our own that goes when this does.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

/// Where Forebay listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) clients: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) telemetry: SocketAddr,
}

// === impl Place ===

impl Place {
    pub(super) fn new() -> anyhow::Result<Self> {
        let name = format!("forebay-demo-{:08x}", fastrand::u32(..));
        let directory = args::temporary_directory().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(Self(directory))
    }

    /// The configuration.
    pub(super) fn file(&self) -> PathBuf {
        self.0.join("forebay.yaml")
    }

    /// What Forebay says.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("forebay.log")
    }

    /// The last that Forebay said.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }

    pub(super) fn write(&self, ports: Ports, api: &[SocketAddr]) -> io::Result<()> {
        fs::write(self.file(), text(ports, api))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _nothing_lost = fs::remove_dir_all(&self.0);
    }
}

/// The file: what an operator would write in front of such an API.
fn text(ports: Ports, api: &[SocketAddr]) -> String {
    let endpoints: Vec<_> = api.iter().map(|api| format!("\"http://{api}\"")).collect();
    format!(
        "\
version: 1
listeners:
  - address: {clients}
memory: {{limit: 64MiB}}
admin: {{address: {admin}, telemetry_address: {telemetry}}}
upstreams:
  legacy:
    endpoints: [{endpoints}]
    balance: least_requests
policies:
  lean:                        # for every route
    compression: {{}}
    rate_limit:
      - {{name: per_key, rate: 20/s, burst: 100, key: {{header: X-Api-Key}}}}
  public_read:                 # the same answer for everybody
    cache: {{ttl: 60s, key: {{query: {{ignore: [\"utm_*\"]}}}}}}
    deduplication: {{}}
routes:
  - name: product_list
    match: {{path: /products, methods: [GET, HEAD]}}
    upstream: legacy
    use: [lean, public_read]
  - name: products
    match: {{path: \"/products/{{id}}\", methods: [GET, HEAD]}}
    upstream: legacy
    use: [lean, public_read]
  - name: search
    match: {{path: /search, methods: [GET, HEAD]}}
    upstream: legacy
    use: [lean, public_read]
  - name: stock                # changes each second
    match: {{path: \"/stock/{{id}}\", methods: [GET, HEAD]}}
    upstream: legacy
    use: [lean, public_read]
    cache: {{ttl: 1s}}
  - name: users                # those asked for at the same moment become one request
    match: {{path: \"/users/{{id}}\", methods: [GET]}}
    upstream: legacy
    use: [lean]
    batch:
      path: {{parameter: id, request: \"/users?ids={{ids}}\"}}
      max_wait: 20ms
  - name: everything_else      # what belongs to one client, and orders
    upstream: legacy
    use: [lean]
",
        clients = ports.clients,
        admin = ports.admin,
        telemetry = ports.telemetry,
        endpoints = endpoints.join(", "),
    )
}

/// What to try while it goes on serving.
pub(super) fn hints(place: &Place, ports: Ports, ink: Ink) -> String {
    let file = place.file();
    let (url, telemetry) = (format!("http://{}", ports.clients), ports.telemetry);
    let hints = [
        (
            "Kept for a minute, and how Forebay tells: the second answer is a hit.",
            format!("curl -si {url}/products/7777 | grep -iE '^(cache-status|age|vary)'"),
        ),
        (
            "A tenth of the bytes for those who can read them.",
            format!(
                "curl -s -H 'Accept-Encoding: br' -o /dev/null -w '%{{size_download}} bytes\\n' \
                 {url}/products"
            ),
        ),
        (
            "Too much from one client: 429, with Retry-After.",
            format!(
                "curl -s -H 'X-Api-Key: me' -o /dev/null -w '%{{http_code}}\\n' \
                 '{url}/products/1?utm_n=[1-300]' | sort | uniq -c"
            ),
        ),
        (
            "Twenty users, asked for one by one at the same moment: the API is asked once.",
            format!(
                "curl -sZ --parallel-immediate -o /dev/null '{url}/users/[1-20]'; \
                 curl -s http://{telemetry}/metrics | grep ^forebay_batch"
            ),
        ),
        (
            "What is counted, and what is kept.",
            format!(
                "curl -s http://{telemetry}/metrics | grep ^forebay_; curl -s \
                 http://{}/cache/stats",
                ports.admin
            ),
        ),
        (
            "Why.",
            format!(
                "{} explain -c {} GET '{url}/products?page=2&utm_source=x'",
                program(),
                file.display()
            ),
        ),
    ];
    let mut text = format!(
        "\nForebay goes on serving until Ctrl-C; its configuration is {}. Try:\n",
        file.display()
    );
    for (what, command) in hints {
        let what = ink.paint(Tone::Faint, format!("# {what}"));
        text.push_str(&format!("\n  {what}\n  {command}\n"));
    }
    text
}

/// The program as it can be called from a shell that does not have it in its path.
fn program() -> String {
    let program = args::this_program();
    let shown = program.as_deref().map(Path::display);
    shown.map_or_else(|_| "forebay".to_owned(), |path| path.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_no_mistake_and_no_warning() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let ports = Ports {
            clients: address(1),
            admin: address(2),
            telemetry: address(3),
        };
        let text = text(ports, &[address(4), address(5)]);
        let source = policy::Source {
            name: "demo",
            bytes: text.as_bytes(),
        };
        let checked = policy::parse(source, &|_| None).unwrap();
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
        assert_eq!(checked.policies.upstreams[0].endpoints.len(), 2);
    }
}
