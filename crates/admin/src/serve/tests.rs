//! On real sockets: the point is what clients do to them.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn served() -> Served {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(async || "here"));
    let task = tokio::spawn(serve(listener, router, async {
        let _told_or_dropped = stopped.await;
    }));
    Served {
        address,
        stop,
        task,
    }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self) -> String {
        let mut client = self.connect().await;
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        read(&mut client).await
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

async fn read(client: &mut TcpStream) -> String {
    let mut answer = String::new();
    let _reset_is_an_end_too = client.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn an_answer_comes_over_a_socket() {
    let served = served().await;
    let answer = served.ask().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("here"), "{answer}");
    served.end().await;
}

#[tokio::test]
async fn silent_clients_do_not_lock_a_probe_out() {
    let served = served().await;
    let mut silent = Vec::new();
    for _ in 0..MOST_CONNECTIONS + 10 {
        silent.push(served.connect().await);
    }
    let answer = timeout(HEAD_TIMEOUT / 2, served.ask()).await.unwrap();
    assert!(answer.ends_with("here"), "{answer}");
    assert_eq!(read(&mut silent[0]).await, "");
    served.end().await;
}

#[tokio::test]
async fn garbage_ends_only_its_own_connection() {
    let served = served().await;
    let mut garbage = served.connect().await;
    garbage
        .write_all(b"\x16\x03\x01 no HTTP\r\n\r\n")
        .await
        .unwrap();
    let answer = read(&mut garbage).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let mut huge = served.connect().await;
    let _may_be_cut_off = huge.write_all(&[b'a'; 4 * LARGEST_HEAD]).await;
    assert!(!read(&mut huge).await.contains(" 200 "));
    assert!(served.ask().await.ends_with("here"));
    served.end().await;
}

#[tokio::test]
async fn a_kept_connection_does_not_hold_up_the_end() {
    let served = served().await;
    let mut kept = served.connect().await;
    kept.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    kept.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    timeout(FAREWELL / 2, served.end()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up() {
    let served = served().await;
    let mut slow = served.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let answer = timeout(2 * HEAD_TIMEOUT, read(&mut slow)).await.unwrap();
    assert!(!answer.contains(" 200 "), "{answer}");
    served.end().await;
}
