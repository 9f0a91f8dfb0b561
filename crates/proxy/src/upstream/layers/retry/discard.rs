//! What becomes of an answer that is not used.

use std::time::Duration;

use http_body::Body;
use http_body_util::BodyExt;

use crate::body::UpstreamBody;

/// How much of it is read so that its connection can be kept; a new connection costs more than this.
const MOST_BYTES: u64 = 64 * 1024;
/// How long that may take.
const MOST_TIME: Duration = Duration::from_secs(1);

/// Reads `body` to its end when that is near. Dropped before its end it closes its connection, or
/// resets its stream: what follows would else be taken for another answer (TRAPS 8).
pub(super) fn discard(mut body: UpstreamBody) {
    let Some(rest) = body.size_hint().upper() else {
        return;
    };
    if rest > MOST_BYTES || body.is_end_stream() || body.at_once(rest).is_some() {
        return;
    }
    tokio::spawn(async move {
        let emptied = async { while let Some(Ok(_)) = body.frame().await {} };
        // Either way there is nothing more to do: the body is empty, or no longer worth reading.
        let _outcome = tokio::time::timeout(MOST_TIME, emptied).await;
    });
}
