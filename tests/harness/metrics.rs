//! The Prometheus text format, as far as tests ask about it.

/// One scrape.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The text as it came.
    pub text: String,
    /// Every sample.
    pub samples: Vec<Sample>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name of the series.
    pub name: String,
    /// Its labels, in the order they were written.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

// === impl Metrics ===

impl Metrics {
    /// Reads a scrape, and panics at a line that is not in the format.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            samples: lines.map(Sample::parse).collect(),
            text: text.to_owned(),
        }
    }

    /// The sum of all series of that name that carry these labels; 0 when there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let matching = self.samples.iter().filter(|sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|(name, value)| sample.label(name) == Some(value))
        });
        matching.map(|sample| sample.value).sum()
    }
}

// === impl Sample ===

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name)?;
        Some(&found.1)
    }

    #[track_caller]
    fn parse(line: &str) -> Self {
        let (series, value) = line
            .rsplit_once(' ')
            .unwrap_or_else(|| panic!("not a sample: {line}"));
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect("closed labels")),
            None => (series, ""),
        };
        Self {
            name: name.to_owned(),
            labels: labels_of(labels),
            value: value
                .parse()
                .unwrap_or_else(|_| panic!("not a number: {line}")),
        }
    }
}

fn labels_of(mut text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let end = rest.find('"').expect("a closed label value");
        labels.push((
            name.trim_start_matches(',').to_owned(),
            rest[..end].to_owned(),
        ));
        text = &rest[end + 1..];
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_with_and_without_labels_are_summed() {
        let metrics = Metrics::parse(
            "# HELP a b\na 1\na_total{x=\"1\",y=\"2\"} 2\na_total{x=\"1\",y=\"3\"} 3.5\n",
        );
        assert_eq!(metrics.sum("a", &[]), 1.0);
        assert_eq!(metrics.sum("a_total", &[("x", "1")]), 5.5);
        assert_eq!(metrics.sum("a_total", &[("y", "3")]), 3.5);
        assert_eq!(metrics.sum("b", &[]), 0.0);
    }
}
