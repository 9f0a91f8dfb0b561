//! Every event is counted; the log has as many as it may, and none can be forged.

use std::{sync::Mutex, time::Duration};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Health;

fn for_tests() -> Metrics {
    let text = "version: 1\nlisteners: [{address: \"127.0.0.1:0\"}]\nupstreams:\n  app: \
                {endpoints: [\"http://a:1\"]}\nroutes: [{name: all, upstream: app}]\n";
    let source = policy::Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    Metrics::new(&policies, &Health::new()).unwrap()
}

/// What was written.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn event(kind: SecurityKind, at: Duration) -> SecurityEvent<'static> {
    SecurityEvent {
        at: Now {
            monotonic: at,
            wall: std::time::SystemTime::UNIX_EPOCH + at,
        },
        kind,
        action: SecurityAction::Blocked,
        client: Some(IpAddr::from([192, 0, 2, 1])),
        route: Some("api"),
        policy: Some("per_client"),
        evidence: "more than 5 in 1s",
        request_id: Some("r1"),
    }
}

fn log(memory: &Memory, rate: u32) -> SecurityLog {
    let rate = Rate::new(rate, Duration::from_secs(1)).unwrap();
    SecurityLog::start(memory.clone(), 1000, rate).unwrap()
}

#[test]
fn a_line_tells_what_happened_to_whom_and_why() {
    let memory = Memory::default();
    let (metrics, log) = (for_tests(), log(&memory, 100));
    let events = SecurityEvents::new(Some(log));
    events.tell(
        &metrics,
        &event(SecurityKind::RateLimited, Duration::from_secs(1)),
    );
    drop(events);
    let lines = memory.lines();
    let expected = serde_json::json!({
        "timestamp": "1970-01-01T00:00:01.000000Z",
        "kind": "security",
        "event": "rate_limited",
        "severity": "notice",
        "action": "blocked",
        "client.address": "192.0.2.1",
        "route": "api",
        "policy": "per_client",
        "evidence": "more than 5 in 1s",
        "request_id": "r1",
    });
    assert_eq!(lines, [expected]);
}

#[test]
fn what_nobody_knows_has_no_field() {
    let line = line::line(
        &SecurityEvent {
            client: None,
            route: None,
            policy: None,
            request_id: None,
            ..event(SecurityKind::KeysUnavailable, Duration::ZERO)
        },
        0,
    );
    let line: Value = serde_json::from_slice(&line).unwrap();
    for field in [
        "client.address",
        "route",
        "policy",
        "request_id",
        "suppressed",
    ] {
        assert!(line.get(field).is_none(), "{field}");
    }
    assert_eq!(line["severity"], "alert");
}

#[test]
fn evidence_is_escaped_cut_and_has_no_secrets() {
    let nasty = format!(
        "q: \"}}\n{{\"kind\":\"x\"\u{1b}[2J&password=hunter2&z={}",
        "é".repeat(40_000)
    );
    let bytes = line::line(
        &SecurityEvent {
            evidence: &nasty,
            policy: Some(&nasty),
            request_id: Some("a\"\n"),
            ..event(SecurityKind::AttackPattern, Duration::ZERO)
        },
        0,
    );
    assert!(bytes.len() < 2500, "{}", bytes.len());
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.trim_end().contains(char::is_control), "{text:?}");
    let line: Value = serde_json::from_str(&text).unwrap();
    let evidence = line["evidence"].as_str().unwrap();
    assert!(evidence.contains("password=REDACTED"), "{evidence}");
    assert!(!evidence.contains("hunter2"), "{evidence}");
    assert!(evidence.ends_with('…'), "{evidence}");
    assert_eq!(line["kind"], "security");
}

#[test]
fn what_is_beyond_the_rate_is_counted_and_told_in_the_next_line() {
    let memory = Memory::default();
    let (metrics, log) = (for_tests(), log(&memory, 2));
    metrics.watch_security_log(&log);
    let events = SecurityEvents::new(Some(log));
    let kind = SecurityKind::RateLimited;
    for _ in 0..50 {
        events.tell(&metrics, &event(kind, Duration::ZERO));
    }
    events.tell(&metrics, &event(SecurityKind::BanBegan, Duration::ZERO));
    events.tell(&metrics, &event(kind, Duration::from_secs(100)));
    drop(events);
    let lines = memory.lines();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["event"].as_str().unwrap(), line["suppressed"].as_u64()))
        .collect();
    assert_eq!(
        told,
        [
            ("rate_limited", None),
            ("rate_limited", None),
            ("ban_began", None),
            ("rate_limited", Some(48)),
        ]
    );
    let text = metrics.text().unwrap();
    for sample in [
        r#"forebay_security_events_total{kind="rate_limited",action="blocked"} 51"#,
        r#"forebay_security_events_total{kind="ban_began",action="blocked"} 1"#,
        r#"forebay_security_log_dropped_total{reason="rate"} 48"#,
        r#"forebay_security_log_dropped_total{reason="reader"} 0"#,
    ] {
        assert!(text.contains(sample), "{sample} in {text}");
    }
}

#[test]
fn without_a_log_events_are_still_counted() {
    let metrics = for_tests();
    SecurityEvents::default().tell(&metrics, &event(SecurityKind::SlowClient, Duration::ZERO));
    let text = metrics.text().unwrap();
    assert!(
        text.contains(r#"{kind="slow_client",action="blocked"} 1"#),
        "{text}"
    );
}

/// Places where a secret may stand in what a client sends.
fn places() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("5 points, query password: {}"),
        Just("5 points, query q: {}@example.com"),
        Just("5 points, path: /reset/eyJhbGciOi{}.e30.x"),
        Just("5 points, header authorization: Basic {}"),
        Just("5 points, header cookie: theme=dark; s={}"),
        Just("5 points, header referer: https://h/?a=b&access_token={}"),
        Just("5 points, header referer: https://ann:{}@h/x"),
        Just("5 points, header user-agent: Bearer {}"),
        Just("5 points, body: {\"user\":\"ann\",\"apiKey\": \"{}\"}"),
        Just("5 points, body: user=ann&passwd={}"),
        Just("5 points, body: <secret>{}</secret>"),
        Just("5 points, body: name=\"password\"????{}??--"),
        Just("header_too_long: x?code={}"),
        Just("Set-Cookie: {}"),
        Just("x-csrf={}"),
        Just("JSESSIONID={};x"),
        Just("%70%61ssword={}"),
    ]
    .prop_map(str::to_owned)
}

proptest! {
    /// Whatever stands before and behind it, and whatever terminals make of that.
    #[test]
    fn no_secret_is_ever_in_a_line(
        place in places(),
        before in "[ -~\\n\\r\\t\u{1b}\u{7f}\u{85}\u{202e}\u{2028}é]{0,20}",
        behind in "[ -~\\n\u{1b}\u{202e}]{0,20}",
        secret in "s3cr3t[a-z0-9]{6,20}",
    ) {
        let planted = place.replace("{}", &secret);
        let evidence = format!("{before} {planted} {behind}");
        let bytes = line::line(
            &SecurityEvent {
                evidence: &evidence,
                ..event(SecurityKind::AttackPattern, Duration::ZERO)
            },
            0,
        );
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(!text.contains(&secret), "{} of {:?}", text, evidence);
        let one_line = text.strip_suffix('\n').unwrap();
        let harmless = |it: char| !it.is_control() && !"\u{2028}\u{202e}".contains(it);
        prop_assert!(one_line.chars().all(harmless), "{:?}", text);
        let line: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&line["event"], "attack_pattern");
        prop_assert_eq!(&line["kind"], "security");
    }

    #[test]
    fn any_text_makes_a_line(evidence: String, policy: String) {
        let bytes = line::line(
            &SecurityEvent {
                evidence: &evidence,
                policy: Some(&policy),
                ..event(SecurityKind::AttackPattern, Duration::ZERO)
            },
            0,
        );
        let line: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&line["event"], "attack_pattern");
    }
}
