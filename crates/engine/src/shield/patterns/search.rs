//! Searching in texts, in one pass.
//!
//! In tests, each byte that a search or a reading passes is counted, to show that the work is linear.

/// Where a needle in lower case first stands.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let last = text.len().checked_sub(needle.len())?;
    let found = text[..=last]
        .iter()
        .enumerate()
        .position(|(at, byte)| *byte == first && text[at..].starts_with(needle));
    passed(found.unwrap_or(last));
    found
}

/// Runs of letters, digits and underscores.
pub(super) fn words_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    words_with_rest(text).map(|(word, _)| word)
}

/// Runs of letters, digits and underscores, each with what follows it.
pub(super) fn words_with_rest(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let is_of_word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
    let mut left = text;
    std::iter::from_fn(move || {
        let start = left.iter().position(is_of_word)?;
        let length = left[start..].iter().take_while(|it| is_of_word(it)).count();
        let (word, rest) = left[start..].split_at(length);
        passed(left.len() - rest.len());
        left = rest;
        Some((word, rest))
    })
}

/// Counts bytes that were passed; nothing outside tests.
#[inline]
pub(super) fn passed(bytes: usize) {
    #[cfg(test)]
    PASSED.with(|it| it.set(it.get() + bytes));
    #[cfg(not(test))]
    let _ = bytes;
}

#[cfg(test)]
thread_local! {
    /// Bytes that were passed by this thread.
    pub(super) static PASSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
