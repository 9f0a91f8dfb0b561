//! A page of the documentation, whose examples are run.

use crate::{origin::Origin, sidecar::Builder};

/// A page, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Page(&'static str);

// === impl Page ===

impl Page {
    /// A page with this text.
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// Its lines.
    pub fn lines(self) -> impl Iterator<Item = &'static str> {
        self.0.lines()
    }

    /// Its blocks in this language.
    pub fn blocks(self, language: &str) -> Vec<&'static str> {
        let fence = format!("```{language}\n");
        let blocks = self.0.split(&*fence).skip(1);
        blocks
            .map(|rest| rest.split("```").next().unwrap_or_default())
            .collect()
    }

    /// The command lines of the page.
    pub fn commands(self) -> Vec<&'static str> {
        let blocks = self.blocks("sh").into_iter();
        blocks.flat_map(str::lines).collect()
    }

    /// One of its configurations, from 0, on ports of the test and in front of its origin. In `changes`
    /// is what else is different here, before and after.
    #[track_caller]
    pub fn configured(
        self,
        builder: Builder,
        number: usize,
        origin: &Origin,
        changes: &[(&str, &str)],
    ) -> Builder {
        let ports = "admin: {address: \"{admin}\", telemetry_address: \"{telemetry}\"}\n";
        let yaml = self.blocks("yaml")[number]
            .replace("admin: {address: 127.0.0.1:9901}\n", "")
            .replace("version: 1\n", &format!("version: 1\n{ports}"))
            .replace("0.0.0.0:8080", "{listen}")
            .replace(
                "http://127.0.0.1:3000",
                &format!("http://{}", origin.address()),
            );
        let changed = changes
            .iter()
            .fold(yaml, |yaml, (before, after)| yaml.replace(before, after));
        builder.config(&changed)
    }
}
