//! The file that `forebay run --upstream URL` stands for.

/// The YAML text of one listener at `address`, one upstream at `url`, and one route between them that
/// caches what the origin allows, compresses and deduplicates.
///
/// Both texts are quoted; whether they make sense is for [`crate::parse`] to say.
pub fn single_upstream(url: &str, address: &str) -> String {
    let (url, address) = (quoted(url), quoted(address));
    format!(
        "version: 1
listeners:
  - address: {address}
upstreams:
  upstream:
    endpoints:
      - {url}
routes:
  - name: everything
    match: {{path: \"/{{*rest}}\"}}
    upstream: upstream
    cache: {{}}
    compression: {{}}
    deduplication: {{}}
"
    )
}

/// A YAML double-quoted scalar; JSON strings are a subset. `${` stays text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}
