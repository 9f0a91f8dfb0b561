//! HTTP/2 peers by prior knowledge, over hyper.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame, Incoming},
    client::conn::http2::SendRequest,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    time::timeout,
};

use crate::{
    deadline::PATIENCE,
    message::{Fields, Request, Response},
    ports,
    runtime::runtime,
};

/// A client on one connection; requests on it are concurrent streams.
#[derive(Clone, Debug)]
pub struct H2Client(SendRequest<Pieces>);

/// A response whose body is still arriving.
#[derive(Debug)]
pub struct H2Arriving {
    /// The head.
    pub head: Response,
    body: Incoming,
}

/// A body that is sent piece by piece; it ends when the [`Writer`] is dropped.
#[derive(Debug)]
pub struct Pieces(UnboundedReceiver<Frame<Bytes>>);

/// The other end of [`Pieces`].
#[derive(Clone, Debug)]
pub struct Writer(UnboundedSender<Frame<Bytes>>);

/// A server that speaks HTTP/2 only.
#[derive(Debug)]
pub struct H2Origin {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
    leaving: watch::Sender<()>,
}

/// What an [`H2Origin`] answers.
#[derive(Debug)]
pub struct H2Reply {
    /// The head.
    pub head: http::response::Builder,
    /// The body, as it is written.
    pub body: Pieces,
}

// === impl H2Client ===

impl H2Client {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let connected = runtime().block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            let io = TokioIo::new(stream);
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await
        });
        let (sender, connection) = connected.expect("an HTTP/2 connection");
        runtime().spawn(connection);
        Self(sender)
    }

    /// A GET of `http://shop.test` and this path.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[], b"").expect("a response")
    }

    /// A request with everything in it at once.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> hyper::Result<Response> {
        let (writer, pieces) = pieces();
        if !body.is_empty() {
            writer.data(body);
        }
        drop(writer);
        let arriving = self.begin(method, path, headers, pieces)?;
        arriving.rest()
    }

    /// Sends the head of a request and waits for the head of the response.
    pub fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Pieces,
    ) -> hyper::Result<H2Arriving> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://shop.test{path}"))
            .version(http::Version::HTTP_2);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let mut sender = self.0.clone();
        let response = runtime().block_on(async {
            sender.ready().await?;
            timeout(PATIENCE, sender.send_request(request))
                .await
                .expect("a response in time")
        })?;
        let (head, body) = response.into_parts();
        Ok(H2Arriving {
            head: Response {
                status: head.status.as_u16(),
                headers: Fields::from(&head.headers),
                ..Response::default()
            },
            body,
        })
    }
}

// === impl H2Arriving ===

impl H2Arriving {
    /// The next piece of the body; `None` when it has ended, trailers or not.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        let frame = runtime().block_on(async {
            timeout(PATIENCE, self.body.frame())
                .await
                .expect("a frame in time")
        });
        let frame = frame?.expect("a whole body");
        match frame.into_data() {
            Ok(data) => Some(data.to_vec()),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                self.head.trailers = Fields::from(&trailers);
                None
            }
        }
    }

    /// The whole response.
    pub fn rest(mut self) -> hyper::Result<Response> {
        let collected = runtime().block_on(async {
            timeout(PATIENCE, self.body.collect())
                .await
                .expect("a body in time")
        })?;
        if let Some(trailers) = collected.trailers() {
            self.head.trailers = Fields::from(trailers);
        }
        self.head.body = collected.to_bytes().to_vec();
        Ok(self.head)
    }
}

// === impl Pieces ===

/// A body and its writer.
pub fn pieces() -> (Writer, Pieces) {
    let (sender, receiver) = unbounded_channel();
    (Writer(sender), Pieces(receiver))
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_closed() && self.0.is_empty()
    }
}

// === impl Writer ===

impl Writer {
    /// Sends a piece, if anybody still reads.
    pub fn data(&self, bytes: &[u8]) {
        let _gone = self.0.send(Frame::data(Bytes::copy_from_slice(bytes)));
    }

    /// Sends trailer fields, after which nothing may come.
    pub fn trailers(&self, fields: &[(&'static str, &'static str)]) {
        let mut trailers = HeaderMap::new();
        for (name, value) in fields {
            trailers.insert(*name, http::HeaderValue::from_static(value));
        }
        let _gone = self.0.send(Frame::trailers(trailers));
    }
}

// === impl H2Origin ===

impl H2Origin {
    /// Answers each request, whole with its trailers, as the handler says.
    pub fn new(handler: impl Fn(&Request) -> H2Reply + Send + Sync + 'static) -> Self {
        Self::with_streams(200, handler)
    }

    /// The same, of so many streams at a time on one connection.
    pub fn with_streams(
        streams: u32,
        handler: impl Fn(&Request) -> H2Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = runtime()
            .block_on(TcpListener::bind(ports::free()))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (handler, noted) = (Arc::new(handler), Arc::clone(&requests));
        let (leaving, _) = watch::channel(());
        let connections = Arc::<AtomicUsize>::default();
        let (told, counted) = (leaving.clone(), Arc::clone(&connections));
        runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut leaves = told.subscribe();
                let (handler, noted) = (Arc::clone(&handler), Arc::clone(&noted));
                let service = service_fn(move |request| {
                    let (handler, noted) = (Arc::clone(&handler), Arc::clone(&noted));
                    async move {
                        let request = whole(request).await?;
                        noted.lock().unwrap().push(request.clone());
                        let reply = handler(&request);
                        Ok::<_, hyper::Error>(reply.head.body(reply.body).unwrap())
                    }
                });
                let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                server.max_concurrent_streams(streams);
                let connection = server.serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move {
                    let mut connection = std::pin::pin!(connection);
                    tokio::select! {
                        ended = connection.as_mut() => return ended,
                        Ok(()) = leaves.changed() => connection.as_mut().graceful_shutdown(),
                    }
                    connection.await
                });
            }
        });
        Self {
            address,
            requests,
            connections,
            leaving,
        }
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Says GOAWAY on every connection there is: what is in flight on it is still answered.
    pub fn go_away(&self) {
        self.leaving.send_replace(());
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn whole(request: http::Request<Incoming>) -> hyper::Result<Request> {
    let (head, body) = request.into_parts();
    let collected = body.collect().await?;
    Ok(Request {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        version: format!("{:?}", head.version),
        headers: Fields::from(&head.headers),
        trailers: collected.trailers().map(Fields::from).unwrap_or_default(),
        body: collected.to_bytes().to_vec(),
        ..Request::default()
    })
}

// === impl H2Reply ===

impl H2Reply {
    /// 200 with this body.
    pub fn ok(body: &[u8]) -> Self {
        let (writer, pieces) = pieces();
        writer.data(body);
        Self {
            head: http::Response::builder(),
            body: pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_trailers_go_both_ways() {
        let origin = H2Origin::new(|request| {
            assert_eq!(request.trailers.get("sum"), Some("up"));
            let (writer, body) = pieces();
            writer.data(b"down");
            writer.trailers(&[("grpc-status", "0")]);
            H2Reply {
                head: http::Response::builder().status(201),
                body,
            }
        });
        let client = H2Client::connect(origin.address());
        let (writer, body) = pieces();
        writer.data(b"up");
        writer.trailers(&[("sum", "up")]);
        drop(writer);
        let mut arriving = client
            .begin("POST", "/x", &[("te", "trailers")], body)
            .unwrap();
        assert_eq!(arriving.head.status, 201);
        assert_eq!(arriving.piece().unwrap(), b"down");
        assert_eq!(arriving.piece(), None);
        assert_eq!(arriving.head.trailers.get("grpc-status"), Some("0"));
        assert_eq!(origin.requests()[0].text(), "up");
    }
}
