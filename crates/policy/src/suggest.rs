//! "Did you mean ..?"

/// The candidate that is closest to `wrong`, if any is close enough to be a likely slip.
pub(crate) fn closest<'c>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // Long foreign words are not slips, and the comparison is quadratic.
    if wrong.len() > 64 {
        return None;
    }
    let plain = |word: &str| word.to_ascii_lowercase().replace('-', "_");
    let wrong = plain(wrong);
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wrong, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= 0.83)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`, each in backticks.
pub(crate) fn listed<'c>(words: impl IntoIterator<Item = &'c str>, last: &str) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, front)) => format!("{} {last} {end}", front.join(", ")),
    }
}
