//! What stands in a path where its route's pattern has a name.

use policy::{PathPattern, PathSegment};

/// What the pattern calls by this name.
pub(crate) fn parameter<'a>(path: &'a str, pattern: &PathPattern, name: &str) -> Option<&'a str> {
    let mut rest = path.strip_prefix('/')?;
    for segment in &pattern.segments {
        let (here, after) = rest.split_once('/').unwrap_or((rest, ""));
        match segment {
            PathSegment::Parameter(it) if it == name => return Some(here),
            PathSegment::Rest(it) if it == name => return Some(rest),
            PathSegment::Literal(_) | PathSegment::Parameter(_) => rest = after,
            PathSegment::Rest(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_ends_early_has_less() {
        let pattern = PathPattern {
            segments: vec![
                PathSegment::Literal("users".to_owned()),
                PathSegment::Parameter("id".to_owned()),
                PathSegment::Rest("rest".to_owned()),
            ],
        };
        let get = |path, name| parameter(path, &pattern, name);
        assert_eq!(get("/users/7/a/b", "id"), Some("7"));
        assert_eq!(get("/users/7/a/b", "rest"), Some("a/b"));
        assert_eq!(get("/users/7", "id"), Some("7"));
        assert_eq!(get("/users/7", "rest"), Some(""));
        assert_eq!(get("/users/7", "other"), None);
        assert_eq!(get("*", "id"), None);
    }
}
