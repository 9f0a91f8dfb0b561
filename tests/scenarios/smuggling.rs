//! Trap 1: where one request ends and the next begins is never in doubt (RFC 9112, section 6.3).

use harness::{Origin, RawClient, Sidecar};

use crate::in_front_of;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// Sends bytes that hide a request, and checks that the origin never sees the hidden one.
#[track_caller]
fn hides_nothing(sidecar: &Sidecar, origin: &Origin, bytes: &str) -> String {
    let mut client = sidecar.connect();
    client.send(bytes);
    client.half_close();
    let said = client.hear_to_end();
    let hidden = origin
        .requests()
        .into_iter()
        .find(|request| request.target == "/hidden");
    assert!(
        hidden.is_none(),
        "the origin was asked for it: {hidden:?}\nafter {bytes:?}"
    );
    said
}

/// Sends bytes that must be refused, with the connection ended after the answer.
#[track_caller]
fn refused(sidecar: &Sidecar, origin: &Origin, bytes: &str) {
    let before = origin.count();
    let mut client = sidecar.connect();
    client.send(bytes);
    let response = client.response("GET");
    assert_eq!(response.status, 400, "{bytes:?}: {response:?}");
    assert_ends(&mut client);
    assert_eq!(origin.count(), before, "{bytes:?}");
}

#[track_caller]
fn assert_ends(client: &mut RawClient) {
    client.half_close();
    client.assert_closed();
}

/// Trap 1.
#[test]
fn any_transfer_encoding_other_than_chunked_is_refused_and_ends_the_connection() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let codings = [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "identity",
        "xchunked",
        "chunked, identity",
        "chunked, chunked",
        "\"chunked\"",
        "chunked;q=1",
        "\u{b}chunked",
        "cow",
        "",
    ];
    for coding in codings {
        refused(
            &sidecar,
            &origin,
            &format!(
                "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        );
    }
}

/// Trap 1.
#[test]
fn transfer_encoding_on_two_lines_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    for second in ["chunked", "identity", "x"] {
        refused(
            &sidecar,
            &origin,
            &format!(
                "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\
                 Transfer-Encoding: {second}\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        );
    }
}

/// Trap 1.
#[test]
fn transfer_encoding_with_http_1_0_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    for extra in ["", "Content-Length: 5\r\n", "Connection: keep-alive\r\n"] {
        refused(
            &sidecar,
            &origin,
            &format!(
                "POST / HTTP/1.0\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n{extra}\r\n\
                 0\r\n\r\n{HIDDEN}"
            ),
        );
    }
}

/// Trap 1.
#[test]
fn names_and_line_ends_that_others_might_read_as_transfer_encoding_are_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let fields = [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\u{b}: chunked",
        "X: y\rTransfer-Encoding: chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\0",
        ": chunked",
    ];
    for field in fields {
        refused(
            &sidecar,
            &origin,
            &format!(
                "POST / HTTP/1.1\r\nHost: shop.test\r\n{field}\r\nContent-Length: 4\r\n\r\n\
                 0\r\n\r\n{HIDDEN}"
            ),
        );
    }
}

/// Trap 1: the chunks govern, the length is never forwarded, and the connection ends.
#[test]
fn nothing_behind_a_body_with_both_lengths_is_read_as_a_request() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    for length in [4, 5, 40, 1000] {
        let said = hides_nothing(
            &sidecar,
            &origin,
            &format!(
                "POST /seen HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {length}\r\n\
                 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        );
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
    }
    for request in origin.requests() {
        let framings = request.headers.all("content-length").len()
            + request.headers.all("transfer-encoding").len();
        assert!(framings <= 1, "{}", request.head);
    }
}

/// Trap 1: the same with the fields the other way round.
#[test]
fn the_order_of_both_lengths_makes_no_difference() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let said = hides_nothing(
        &sidecar,
        &origin,
        &format!(
            "POST /seen HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\
             Content-Length: 6\r\n\r\n0\r\n\r\n{HIDDEN}"
        ),
    );
    assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
}

/// Trap 1: chunk sizes that parsers have disagreed about.
#[test]
fn chunks_that_are_not_plainly_sized_end_the_connection() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let bodies = [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
    ];
    for body in bodies {
        let said = hides_nothing(
            &sidecar,
            &origin,
            &format!(
                "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n{body}{HIDDEN}"
            ),
        );
        let answers = said.matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{body:?}: {said}");
        assert!(!said.contains(" 200 "), "{body:?}: {said}");
    }
}

/// Trap 1: framing is written anew, not passed on.
#[test]
fn chunk_extensions_do_not_reach_the_origin() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let response = sidecar.raw(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: ChunKed\r\n\r\n\
         5;a=b;c\r\nhello\r\n0;x\r\n\r\n",
    );
    assert_eq!(response.status, 200);
    assert_eq!(origin.last().text(), "hello");
}
