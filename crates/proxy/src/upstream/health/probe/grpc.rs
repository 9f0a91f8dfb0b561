//! Asking `grpc.health.v1.Health/Check`.

use bytes::Bytes;
use engine::health::{check::CheckOutcome, grpc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{CONTENT_TYPE, TE},
};
use http_body_util::{BodyExt, Full};

use super::exchange::Exchange;
use crate::upstream::{EndpointState, connect::Reached};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Asks about `service`.
pub(super) async fn ask(
    endpoint: &EndpointState,
    reached: Reached,
    service: &str,
) -> Result<CheckOutcome, CheckOutcome> {
    let mut exchange = Exchange::begin(reached).await?;
    let mut request = Request::new(Full::new(Bytes::from(grpc::request(service))));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    let response = exchange.ask(request, endpoint, grpc::PATH, None).await?;
    let (head, mut body) = response.into_parts();
    let mut message = Vec::new();
    // An answer that is nothing but trailers has them in its head.
    let mut status = grpc_status(&head.headers);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| CheckOutcome::Garbage)?;
        match frame.into_data() {
            Ok(data) if message.len() + data.len() <= grpc::MESSAGE_LIMIT => {
                message.extend_from_slice(&data);
            }
            Ok(_) => return Err(CheckOutcome::Garbage),
            Err(frame) => {
                let trailers = frame.trailers_ref().and_then(grpc_status);
                status = trailers.or(status);
            }
        }
    }
    let status = status.as_ref().map(HeaderValue::as_bytes);
    Ok(grpc::judge(head.status.as_u16(), status, &message))
}

fn grpc_status(fields: &HeaderMap) -> Option<HeaderValue> {
    fields.get(GRPC_STATUS).cloned()
}
