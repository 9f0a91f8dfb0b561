//! The fields of a line; those that the access log has, too, have the same names there.

use super::SecurityEvent;
use crate::{
    json_line::{LONG, Line, SHORT, cut},
    redact::redact_text,
    timestamp::Timestamp,
};

/// How much of the evidence is looked at; there is no end to what a client may send.
const LOOKED_AT: usize = 2 * LONG;

/// One line with its newline; `suppressed` events of this kind have had none.
pub(super) fn line(event: &SecurityEvent<'_>, suppressed: u64) -> Vec<u8> {
    let mut line = Line::new();
    line.plain_text("timestamp", Timestamp(event.at.wall));
    line.plain_text("kind", "security");
    line.plain_text("event", event.kind);
    line.plain_text("severity", event.kind.severity().as_str());
    line.plain_text("action", event.action.as_str());
    if let Some(client) = event.client {
        line.plain_text("client.address", client);
    }
    if let Some(route) = event.route {
        line.text("route", route, SHORT);
    }
    if let Some(policy) = event.policy {
        line.text("policy", policy, SHORT);
    }
    let evidence = redact_text(cut(event.evidence, LOOKED_AT));
    line.text("evidence", &evidence, LONG);
    if let Some(request_id) = event.request_id {
        line.text("request_id", request_id, SHORT);
    }
    if suppressed > 0 {
        line.value("suppressed", suppressed);
    }
    line.finish()
}
