//! Keys come and go; what they proved goes with them.

use std::{path::PathBuf, time::SystemTime};

use policy::{TokenAlgorithm, TokenSource};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::{Duration, Instant, advance},
};

use super::{source::Source, watch::Appointments, *};
use crate::upstream::TlsClient;

/// A key each, and a token that it signed.
const ONE: &str =
    r#"{"keys":[{"kty":"oct","kid":"one","k":"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE"}]}"#;
const TWO: &str =
    r#"{"keys":[{"kty":"oct","kid":"two","k":"YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI"}]}"#;
const OF_ONE: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJhZGEifQ.X-33WJ7UeCveiHivVUYy0ox4pCxA1OOnIBr8uxoiJes";
const OF_TWO: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6InR3byJ9.eyJzdWIiOiJhZGEifQ.Un_pK6m0Ge4E8cgfa7QS21r6bUMI5BvFRo7dvOWj_R0";

const SECOND: Duration = Duration::from_secs(1);

fn identity() -> Identity {
    Identity {
        policy: policy::Identity {
            jwks: JwksSource::File(PathBuf::from("keys.json")),
            refresh: 300 * SECOND,
            algorithms: TokenAlgorithm::ALL.to_vec(),
            issuer: None,
            audience: None,
            source: TokenSource::Bearer,
            leeway: SECOND,
        },
        held: ArcSwapOption::empty(),
        missed: Notify::new(),
    }
}

fn proved(identity: &Identity, token: &str) -> Option<Rejection> {
    let now = Now {
        monotonic: SECOND,
        wall: SystemTime::UNIX_EPOCH + SECOND,
    };
    identity.verify(token, now).err()
}

#[test]
fn before_there_are_keys_no_token_proves_anything() {
    let identity = identity();
    assert_eq!(proved(&identity, OF_ONE), Some(Rejection::NoKeys));
    assert_eq!(identity.usable(), 0);
}

#[test]
fn what_a_key_proved_goes_with_it() {
    let identity = identity();
    assert_eq!(identity.hold(ONE.as_bytes()), Ok(KeysRefreshed::Changed));
    for _ in 0..2 {
        assert_eq!(proved(&identity, OF_ONE), None);
    }
    assert_eq!(proved(&identity, OF_TWO), Some(Rejection::UnknownKey));
    assert_eq!(identity.hold(ONE.as_bytes()), Ok(KeysRefreshed::Unchanged));
    assert_eq!(identity.hold(TWO.as_bytes()), Ok(KeysRefreshed::Changed));
    assert_eq!(proved(&identity, OF_ONE), Some(Rejection::UnknownKey));
    assert_eq!(proved(&identity, OF_TWO), None);
}

#[test]
fn the_last_good_keys_stay() {
    let identity = identity();
    identity.hold(ONE.as_bytes()).unwrap();
    for broken in ["", "{", "[]", r#"{"keys":[]}"#, "\u{0}"] {
        identity.hold(broken.as_bytes()).unwrap_err();
        assert_eq!(proved(&identity, OF_ONE), None, "{broken}");
    }
    identity.hold(b"\xff\xfe").unwrap_err();
}

#[test]
fn only_some_urls_can_be_asked() {
    for (url, right) in [
        ("https://id.example/keys", true),
        ("http://127.0.0.1:8080/keys?a=b", true),
        ("https://[::1]:8443", true),
        ("https://id.example", true),
        ("ftp://id.example/", false),
        ("/keys", false),
        ("id.example", false),
        ("https://ann:secret@id.example/", false),
        ("https:///keys", false),
        ("", false),
    ] {
        assert_eq!(fetch::Place::of(url).is_ok(), right, "{url}");
    }
}

/// What a look at a server that says this comes to; it says nothing more, and does not hang up.
async fn look_at(answer: Vec<u8>) -> Result<Vec<u8>, KeysRefreshed> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys?a=b", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        asked.truncate(length);
        // Whoever has read enough hangs up.
        let _some_do = stream.write_all(&answer).await;
        (stream, String::from_utf8(asked).unwrap())
    });
    let policy = JwksSource::Url {
        url,
        timeout: SECOND / 2,
    };
    let looked = Source::of(&policy)
        .unwrap()
        .look(&TlsClient::default())
        .await;
    let (_stream, asked) = server.await.unwrap();
    assert!(asked.starts_with("GET /keys?a=b HTTP/1.1\r\n"), "{asked}");
    looked.map_err(|setback| setback.outcome)
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn a_server_for_keys_may_say_anything() {
    let huge = "x".repeat(source::LONGEST + 1);
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", {
        format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(5)
    });
    for (said, wanted) in [
        (answer("200 OK", ONE), Ok(ONE.as_bytes().to_vec())),
        (answer("200 OK", ""), Ok(Vec::new())),
        (answer("200 OK", &huge), Err(KeysRefreshed::Oversized)),
        (endless.into_bytes(), Err(KeysRefreshed::Oversized)),
        (answer("500 No", ONE), Err(KeysRefreshed::Status)),
        (answer("204 No", ""), Err(KeysRefreshed::Status)),
        (
            answer("302 Found\r\nLocation: http://127.0.0.1:1/", ONE),
            Err(KeysRefreshed::Status),
        ),
        (b"rubbish\r\n\r\n".to_vec(), Err(KeysRefreshed::Unreachable)),
        (
            format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "a".repeat(40_000)).into_bytes(),
            Err(KeysRefreshed::Unreachable),
        ),
        (Vec::new(), Err(KeysRefreshed::TimedOut)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(),
            Err(KeysRefreshed::TimedOut),
        ),
    ] {
        let shown = String::from_utf8_lossy(&said[..said.len().min(60)]).into_owned();
        assert_eq!(look_at(said).await, wanted, "{shown}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_or_too_long_is_a_setback() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    let source = Source::File(path.clone());
    let tls = TlsClient::default();
    let look = async || source.look(&tls).await.map_err(|setback| setback.outcome);
    assert_eq!(look().await, Err(KeysRefreshed::Unreachable));
    std::fs::write(&path, ONE).unwrap();
    assert_eq!(look().await, Ok(ONE.as_bytes().to_vec()));
    std::fs::write(&path, "x".repeat(source::LONGEST + 1)).unwrap();
    assert_eq!(look().await, Err(KeysRefreshed::Oversized));
}

#[tokio::test(start_paused = true)]
async fn who_is_not_found_is_looked_for_less_and_less_often() {
    let (identity, mut appointments) = (identity(), Appointments::new(300 * SECOND));
    let mut waits = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        appointments
            .wait(&identity, KeysRefreshed::Unreachable)
            .await;
        waits.push(began.elapsed());
    }
    assert!(waits[0] <= SECOND + SECOND / 100, "{waits:?}");
    assert!(waits[9] >= 15 * SECOND, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 31 * SECOND), "{waits:?}");
    let began = Instant::now();
    appointments.wait(&identity, KeysRefreshed::Changed).await;
    assert!((270 * SECOND..=301 * SECOND).contains(&began.elapsed()));
}

/// Who missed the keys before they came asks for no more.
#[tokio::test(start_paused = true)]
async fn keys_that_have_just_come_are_not_looked_for() {
    let (identity, mut appointments) = (identity(), Appointments::new(300 * SECOND));
    assert!(proved(&identity, OF_ONE).is_some());
    identity.hold(ONE.as_bytes()).unwrap();
    identity.nobody_missed();
    let began = Instant::now();
    appointments.wait(&identity, KeysRefreshed::Changed).await;
    assert!(began.elapsed() >= 270 * SECOND);
}

/// Anybody can make up the name of a key.
#[tokio::test(start_paused = true)]
async fn tokens_of_unknown_keys_bring_a_look_at_most_every_ten_seconds() {
    let (identity, mut appointments) = (identity(), Appointments::new(300 * SECOND));
    identity.hold(ONE.as_bytes()).unwrap();
    let began = Instant::now();
    let mut looks = Vec::new();
    for _ in 0..4 {
        for _ in 0..100 {
            assert!(proved(&identity, OF_TWO).is_some());
        }
        appointments.wait(&identity, KeysRefreshed::Unchanged).await;
        looks.push(began.elapsed().as_secs());
    }
    assert_eq!(looks, [0, 10, 20, 30]);
    // Other tokens that prove nothing bring none, and neither do good ones.
    for token in [OF_ONE, "x", "e30.e30.e30"] {
        proved(&identity, token);
    }
    advance(SECOND).await;
    let began = Instant::now();
    appointments.wait(&identity, KeysRefreshed::Unchanged).await;
    assert!(began.elapsed() >= 270 * SECOND);
}
