//! Thousands of clients at once, on few connections.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::TcpStream,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    deadline::PATIENCE,
    message::{Fields, Response},
    runtime::runtime,
};

/// Requests for the same thing, all of them under way; each is a stream of an HTTP/2 connection.
#[derive(Debug)]
pub struct Crowd(JoinHandle<Vec<Response>>);

// === impl Crowd ===

impl Crowd {
    /// Sends so many GETs of `http://shop.test` and this path on each of so many connections.
    pub fn ask(address: SocketAddr, connections: usize, streams: usize, path: &str) -> Self {
        let uri = format!("http://shop.test{path}");
        Self(runtime().spawn(async move {
            let mut asking = JoinSet::new();
            for _ in 0..connections {
                let stream = TcpStream::connect(address).await.unwrap();
                let connected = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
                let (sender, connection) = connected.unwrap();
                tokio::spawn(connection);
                for _ in 0..streams {
                    asking.spawn(get(sender.clone(), uri.clone()));
                }
            }
            asking.join_all().await
        }))
    }

    /// Every response, whole; panics when one does not come, or ends early.
    #[track_caller]
    pub fn responses(self) -> Vec<Response> {
        // A crowd may take longer than one client.
        let all = runtime().block_on(async { timeout(8 * PATIENCE, self.0).await });
        all.expect("all responses in time")
            .expect("whole responses")
    }
}

async fn get(mut sender: SendRequest<Empty<Bytes>>, uri: String) -> Response {
    let request = http::Request::get(uri).body(Empty::new()).unwrap();
    sender.ready().await.unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response {
        status: head.status.as_u16(),
        headers: Fields::from(&head.headers),
        body: body.to_vec(),
        ..Response::default()
    }
}
