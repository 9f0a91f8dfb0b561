//! The fields of a line, in the names of OpenTelemetry's semantic conventions where they have one.

use engine::outcome::{
    CacheOutcome, EncodeOutcome, JoinOutcome, LimitOutcome, MissReason, ProtectOutcome,
};

use super::AccessRecord;
use crate::{
    RequestEvent,
    json_line::{LONG, Line, SHORT},
    redact::redact,
    timestamp::Timestamp,
};

/// One line with its newline.
pub(super) fn line(record: &AccessRecord<'_>) -> Vec<u8> {
    let event = record.event;
    let mut line = Line::new();
    line.plain_text("timestamp", Timestamp(event.at.wall));
    request(&mut line, record);
    outcomes(&mut line, event);
    if let Some(upstream) = record.upstream {
        line.text("upstream", upstream, SHORT);
    }
    if let Some(endpoint) = record.endpoint {
        line.text("endpoint", endpoint, SHORT);
    }
    if let Some(status) = event.upstream_status {
        line.value("upstream_status", status);
    }
    if event.upstream_tries > 0 {
        line.value("upstream_tries", event.upstream_tries);
    }
    line.seconds("duration", event.duration);
    if let Some(time) = event.upstream_time {
        line.seconds("upstream_duration", time);
    }
    line.value("http.request.body.size", event.request_bytes);
    line.value("http.response.body.size", event.response_bytes);
    if matches!(
        event.encode,
        EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_)
    ) {
        line.value("uncompressed_size", event.uncompressed_bytes);
    }
    line.finish()
}

fn request(line: &mut Line, record: &AccessRecord<'_>) {
    line.text("http.request.method", record.method, SHORT);
    line.text("url.path", record.path, LONG);
    if let Some(query) = record.query {
        line.text("url.query", &redact(query), LONG);
    }
    line.value("http.response.status_code", record.event.status);
    if let Some(host) = record.host {
        line.text("server.address", host, SHORT);
    }
    if let Some(client) = record.client {
        line.plain_text("client.address", client);
    }
    line.text("network.protocol.version", record.protocol_version, SHORT);
    if let Some(agent) = record.user_agent {
        line.text(
            "user_agent.original",
            &String::from_utf8_lossy(agent),
            SHORT,
        );
    }
    line.text("request_id", record.request_id, SHORT);
    if let Some(trace) = record.trace_id {
        line.text("trace_id", trace, SHORT);
    }
    if let Some(route) = record.route {
        line.text("route", route, SHORT);
    }
}

/// What policies decided; one that was not asked has no field.
fn outcomes(line: &mut Line, event: &RequestEvent) {
    line.text("cache", event.cache.as_str(), SHORT);
    match event.cache {
        CacheOutcome::Bypass(reason) => line.text("cache_reason", reason.as_str(), SHORT),
        CacheOutcome::Miss(MissReason::Partial) => line.text("cache_reason", "partial", SHORT),
        CacheOutcome::Miss(MissReason::Vary) => line.text("cache_reason", "vary", SHORT),
        CacheOutcome::ServedStale(reason) => line.text("cache_reason", reason.as_str(), SHORT),
        _ => {}
    }
    if let Some(store) = event.store {
        line.text("store", store.as_str(), SHORT);
    }
    if event.limit != LimitOutcome::Off {
        line.text("limit", event.limit.as_str(), SHORT);
    }
    if event.join != JoinOutcome::Alone {
        line.text("join", event.join.as_str(), SHORT);
    }
    if !matches!(event.protect, ProtectOutcome::Off | ProtectOutcome::Go) {
        line.text("protect", event.protect.as_str(), SHORT);
    }
    line.text("encode", event.encode.as_str(), SHORT);
    let shadow = event.shadow;
    for (name, word) in [
        ("shadow_cache", shadow.cache.map(CacheOutcome::as_str)),
        ("shadow_join", shadow.join.map(JoinOutcome::as_str)),
        ("shadow_encode", shadow.encode.map(|encode| encode.as_str())),
    ] {
        if let Some(word) = word {
            line.text(name, word, SHORT);
        }
    }
    if let Some(failure) = event.failure {
        line.text("failure", failure.as_str(), SHORT);
        line.text("blame", failure.blame().as_str(), SHORT);
    }
}
