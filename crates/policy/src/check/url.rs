//! URLs that Forebay asks for on its own.

use http::Uri;

/// What is wrong with a URL.
pub(super) enum UrlMistake {
    Other(&'static str),
    Password,
}

/// Whether this is an `http` or `https` URL with a host, and without a password or a fragment.
pub(super) fn parse_url(text: &str) -> Result<(), UrlMistake> {
    let other = |why| Err(UrlMistake::Other(why));
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlMistake::Password);
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return other("it cannot be read");
    };
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return other("the scheme is neither `http` nor `https`"),
        None => return other("it has no scheme and host"),
    }
    if uri.host().is_none_or(str::is_empty) {
        return other("it has no host");
    }
    // The library drops a fragment without a word.
    if text.contains('#') {
        return other("a fragment is never sent");
    }
    Ok(())
}
