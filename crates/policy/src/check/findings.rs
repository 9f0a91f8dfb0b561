//! Where the checks put what they find.

use std::time::Duration;

use crate::{
    ByteSize, Diagnostic, Percent, Severity, Span,
    deserialize::Pruned,
    diagnostic::Code,
    file::{At, Count, OrOff, Pace, Share, Size, Time},
    spelling::show_duration,
    tree::{NodeId, Places},
};

/// The longest any timeout may be.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Everything found so far, and the tree to point into.
pub(super) struct Findings<'t> {
    text: &'t str,
    places: &'t Places,
    pruned: &'t Pruned,
    list: Vec<Diagnostic>,
}

// === impl Findings ===

impl<'t> Findings<'t> {
    pub(super) fn new(text: &'t str, places: &'t Places, pruned: &'t Pruned) -> Self {
        Self {
            text,
            places,
            pruned,
            list: Vec::new(),
        }
    }

    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }

    /// How much was found so far, to tell later whether something was added.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether a mistake of this kind was found.
    pub(super) fn holds(&self, code: Code) -> bool {
        self.list.iter().any(|found| found.code == code)
    }

    /// A mistake in a value.
    pub(super) fn error(&mut self, node: NodeId, code: Code, message: String, help: &str) {
        let span = self.places.get(node).span;
        self.push(span, node, code, message, help, Severity::Error);
    }

    /// A mistake in a key, such as a name that is not allowed.
    pub(super) fn key_error(&mut self, node: NodeId, code: Code, message: String, help: &str) {
        self.push(
            self.key_span(node),
            node,
            code,
            message,
            help,
            Severity::Error,
        );
    }

    /// Something that is not wrong but has no effect.
    pub(super) fn key_warning(&mut self, node: NodeId, code: Code, message: String, help: &str) {
        self.push(
            self.key_span(node),
            node,
            code,
            message,
            help,
            Severity::Warning,
        );
    }

    /// A field that has to be there, unless it was and could not be read.
    pub(super) fn missing(&mut self, mapping: NodeId, field: &str, help: &str) {
        let place = self.places.path(mapping);
        let path = if place.is_empty() {
            field.to_owned()
        } else {
            format!("{place}.{field}")
        };
        if self.pruned.contains(&path) {
            return;
        }
        let span = self.key_span(mapping);
        let message = format!("`{field}` is missing");
        self.list
            .push(Diagnostic::error(Code::Missing, span, path, message).with_help(help));
    }

    /// Whether a field or name was there and has been reported as unreadable.
    pub(super) fn was_pruned(&self, path: &str) -> bool {
        self.pruned.contains(path)
    }

    /// Whether anything at or below this path has been reported as unreadable.
    pub(super) fn lost_below(&self, path: &str) -> bool {
        self.pruned.any_below(path)
    }

    /// Whether anything in a field of this mapping has been reported as unreadable.
    pub(super) fn lost_in(&self, mapping: NodeId, field: &str) -> bool {
        let path = self.places.path(mapping);
        self.pruned.any_below(&format!("{path}.{field}"))
    }

    /// Whether anything at or below this node has been reported as unreadable.
    pub(super) fn lost_at(&self, node: NodeId) -> bool {
        self.pruned.any_below(&self.places.path(node))
    }

    /// What may be shown of a text: never a value from the environment.
    pub(super) fn show<'a>(&'a self, text: &'a At<String>) -> &'a str {
        self.written(text.node).unwrap_or(&text.value)
    }

    /// The text of a node as written, when its value came from the environment.
    pub(super) fn written(&self, node: NodeId) -> Option<&str> {
        self.places.get(node).written.as_deref()
    }

    /// What stands for a value in reports, when it or something in it came from the environment.
    pub(super) fn written_below(&self, node: NodeId) -> Option<&str> {
        self.written(node).or_else(|| {
            let below = self.places.any_written_below(node);
            below.then_some("[from the environment]")
        })
    }

    /// Whether a field next to this node was there and could not be read.
    pub(super) fn was_pruned_at(&self, node: NodeId, field: &str) -> bool {
        let parent = self.places.get(node).parent.unwrap_or(node);
        self.pruned
            .contains(&format!("{}.{field}", self.places.path(parent)))
    }

    /// The line a node stands on, from 1.
    pub(super) fn line(&self, node: NodeId) -> usize {
        self.places.get(node).span.line
    }

    /// A duration within bounds, or its default.
    pub(super) fn time(
        &mut self,
        time: Option<&At<Time>>,
        default: Duration,
        bounds: (Duration, Duration),
    ) -> Duration {
        let Some(time) = time else { return default };
        let value = time.value.0;
        if value < bounds.0 || value > bounds.1 {
            let (low, high) = (show_duration(bounds.0), show_duration(bounds.1));
            self.out_of_bounds(time.node, &low, &high);
        }
        value
    }

    /// A timeout: above zero and at most a day.
    pub(super) fn timeout(&mut self, time: Option<&At<Time>>, default: Duration) -> Duration {
        self.time(time, default, (Duration::from_millis(1), DAY))
    }

    /// A size within bounds, or its default.
    pub(super) fn size(
        &mut self,
        size: Option<&At<Size>>,
        default: ByteSize,
        bounds: (ByteSize, ByteSize),
    ) -> ByteSize {
        let Some(size) = size else { return default };
        let value = size.value.0;
        if value < bounds.0 || value > bounds.1 {
            self.out_of_bounds(size.node, &bounds.0.to_string(), &bounds.1.to_string());
        }
        value
    }

    /// A number within bounds, or its default; the bounds keep the conversion exact.
    pub(super) fn count<N: TryFrom<u64> + Copy>(
        &mut self,
        count: Option<&At<Count>>,
        default: N,
        bounds: (u64, u64),
    ) -> N {
        let Some(count) = count else { return default };
        let value = count.value.0;
        if value < bounds.0 || value > bounds.1 {
            self.out_of_bounds(count.node, &bounds.0.to_string(), &bounds.1.to_string());
        }
        N::try_from(value).unwrap_or(default)
    }

    /// A share that is at most this.
    pub(super) fn share(&mut self, share: Option<&At<Share>>, most: Percent) {
        if let Some(share) = share
            && share.value.0 > most
        {
            self.out_of_bounds(share.node, "0%", &most.to_string());
        }
    }

    /// A share within bounds, or its default.
    pub(super) fn share_within(
        &mut self,
        share: Option<&At<Share>>,
        default: Percent,
        bounds: (Percent, Percent),
    ) -> Percent {
        let Some(share) = share else { return default };
        let value = share.value.0;
        if value < bounds.0 || value > bounds.1 {
            self.out_of_bounds(share.node, &bounds.0.to_string(), &bounds.1.to_string());
        }
        value
    }

    /// A number within bounds, its default, or nothing for `off`.
    pub(super) fn count_or_off(
        &mut self,
        count: Option<&At<OrOff<Count>>>,
        default: u32,
        bounds: (u64, u64),
    ) -> Option<u32> {
        let Some(at) = count else {
            return Some(default);
        };
        let count = at.with(*at.value.on()?);
        Some(self.count(Some(&count), default, bounds))
    }

    /// A rate whose events are counted over a day at most.
    pub(super) fn rate_within_a_day(&mut self, rate: &At<Pace>) {
        if rate.value.0.per() > DAY {
            let message = "a rate over more than a day is not kept".to_owned();
            let help = "count over a day or less";
            self.error(rate.node, Code::OutOfBounds, message, help);
        }
    }

    /// A list that is not longer than this.
    pub(super) fn at_most<T>(&mut self, list: &At<Vec<T>>, most: usize, what: &str) {
        let length = list.value.len();
        if length > most {
            let message = format!("these are {length} {what}");
            let help = format!("there may be {most}");
            self.error(list.node, Code::OutOfBounds, message, &help);
        }
    }

    /// A list that says nothing again.
    pub(super) fn listed_once(&mut self, list: &[At<String>], same: impl Fn(&str, &str) -> bool) {
        for (index, item) in list.iter().enumerate() {
            let before = &list[..index];
            if before.iter().any(|other| same(&other.value, &item.value)) {
                let message = format!("`{}` is listed twice", self.show(item));
                self.error(item.node, Code::ListedTwice, message, "remove one");
            }
        }
    }

    pub(super) fn out_of_bounds(&mut self, node: NodeId, low: &str, high: &str) {
        // The file itself never holds what the environment says, so its own words may be repeated.
        let span = self.places.get(node).span;
        let shown = self.text[span.start..span.end].trim_matches(['"', '\'']);
        let message = format!("`{shown}` is out of bounds");
        let help = format!("it may be from {low} to {high}");
        self.error(node, Code::OutOfBounds, message, &help);
    }

    fn key_span(&self, node: NodeId) -> Span {
        let place = self.places.get(node);
        place.key_span.unwrap_or(place.span)
    }

    fn push(
        &mut self,
        span: Span,
        node: NodeId,
        code: Code,
        message: String,
        help: &str,
        severity: Severity,
    ) {
        let mut diagnostic = Diagnostic::error(code, span, self.places.path(node), message);
        diagnostic.severity = severity;
        diagnostic.help = (!help.is_empty()).then(|| help.to_owned());
        self.list.push(diagnostic);
    }
}
