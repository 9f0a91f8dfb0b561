//! The sitemap format (sitemaps.org): a list of URLs, or an index of such lists.
//!
//! Read by a pull parser that knows no external entities and expands none but the five of XML, so that a
//! hostile file can neither read another nor grow. What the protocol allows at most is the most that is
//! read: 50,000 URLs per file, and an index names no other index.

use http::Uri;
use quick_xml::{Reader, escape, events::Event};

/// The most URLs that one file may have.
const MOST_URLS: usize = 50_000;

/// How deep elements may lie in each other.
const DEEPEST: usize = 16;

/// The longest URL that is taken, in bytes.
const LONGEST_URL: usize = 8 * 1024;

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sitemap {
    /// Other sitemaps.
    Index(Vec<Uri>),
    /// URLs.
    Urls(Vec<Uri>),
}

/// A file that is no sitemap.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSitemap {
    /// Elements within elements within elements.
    #[error("its elements lie deeper in each other than {DEEPEST}")]
    Deep,
    /// Something else than a list or an index.
    #[error("it is neither a urlset nor a sitemapindex")]
    Other,
    /// It is no XML.
    #[error("at byte {0}: {1}")]
    Xml(u64, quick_xml::Error),
}

/// Reads a sitemap; what is no absolute URL is passed over.
pub(super) fn read(text: &[u8]) -> Result<Sitemap, NoSitemap> {
    let mut reader = Reader::from_reader(text);
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut found = Vec::new();
    let mut location = String::new();
    let mut kind = None;
    loop {
        let event = reader.read_event();
        let event = event.map_err(|error| NoSitemap::Xml(reader.error_position(), error))?;
        match event {
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_vec();
                if path.is_empty() {
                    kind = Some(name.clone());
                }
                if path.len() >= DEEPEST {
                    return Err(NoSitemap::Deep);
                }
                path.push(name);
                location.clear();
            }
            Event::Text(text) if is_location(&path) => {
                append(&mut location, &String::from_utf8_lossy(&text));
            }
            Event::CData(text) if is_location(&path) => {
                append(&mut location, &String::from_utf8_lossy(&text));
            }
            Event::GeneralRef(entity) if is_location(&path) => {
                let name = String::from_utf8_lossy(&entity);
                append(&mut location, &entity_text(&name));
            }
            Event::End(_) => {
                if is_location(&path) && found.len() < MOST_URLS {
                    found.extend(url(&location));
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match kind.as_deref() {
        Some(b"sitemapindex") => Ok(Sitemap::Index(found)),
        Some(b"urlset") => Ok(Sitemap::Urls(found)),
        _ => Err(NoSitemap::Other),
    }
}

/// `urlset/url/loc` or `sitemapindex/sitemap/loc`; an image's `loc` lies deeper.
fn is_location(path: &[Vec<u8>]) -> bool {
    match path {
        [_, entry, location] => {
            matches!(entry.as_slice(), b"url" | b"sitemap") && location == b"loc"
        }
        _ => false,
    }
}

/// One of the five, or a character by its number; anything else spoils the URL, as it should.
fn entity_text(name: &str) -> String {
    let whole = format!("&{name};");
    escape::unescape(&whole).map_or_else(|_| "\0".to_owned(), |text| text.into_owned())
}

fn append(location: &mut String, text: &str) {
    if location.len() + text.len() <= LONGEST_URL {
        location.push_str(text);
    }
}

fn url(text: &str) -> Option<Uri> {
    let url: Uri = text.trim().parse().ok()?;
    matches!(url.scheme_str(), Some("http" | "https")).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sitemap: &Sitemap) -> (&'static str, Vec<String>) {
        let (kind, urls) = match sitemap {
            Sitemap::Index(urls) => ("index", urls),
            Sitemap::Urls(urls) => ("urls", urls),
        };
        (kind, urls.iter().map(Uri::to_string).collect())
    }

    #[test]
    fn lists_and_indexes_are_read() {
        let list = read(
            br#"<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://i">
  <!-- a comment -->
  <url><loc> https://shop.test/a?x=1&amp;y=2 </loc><lastmod>2024-01-01</lastmod>
    <image:image><image:loc>https://shop.test/a.png</image:loc></image:image></url>
  <url><loc><![CDATA[http://shop.test/b]]></loc></url>
  <url><loc>/relative</loc></url><url><loc>ftp://x/</loc></url><url/>
</urlset>"#,
        )
        .unwrap();
        let expected = ["https://shop.test/a?x=1&y=2", "http://shop.test/b"];
        assert_eq!(shown(&list), ("urls", expected.map(str::to_owned).to_vec()));
        let index = read(
            b"<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>https://shop.test/1.xml</s:loc>\
              </s:sitemap></s:sitemapindex>",
        )
        .unwrap();
        assert_eq!(
            shown(&index),
            ("index", vec!["https://shop.test/1.xml".to_owned()])
        );
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = br#"<?xml version="1.0"?>
<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">
<!ENTITY file SYSTEM "file:///etc/passwd">]>
<urlset><url><loc>http://x/&b;</loc></url><url><loc>http://x/&file;</loc></url>
<url><loc>http://x/good</loc></url></urlset>"#;
        let (_, urls) = shown(&read(bomb).unwrap());
        assert!(urls.contains(&"http://x/good".to_owned()), "{urls:?}");
        assert!(
            !urls
                .iter()
                .any(|url| url.contains("aaa") || url.contains("root"))
        );
    }

    #[test]
    fn what_is_no_sitemap_is_refused() {
        for text in [
            &b"<html><body/></html>"[..],
            b"",
            b"not xml",
            b"<urlset><url></urlset>",
            b"<urlset><url",
        ] {
            assert!(read(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        assert!(matches!(
            read("<urlset>".repeat(99).as_bytes()),
            Err(NoSitemap::Deep)
        ));
    }
}
