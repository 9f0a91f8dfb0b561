//! Trap 2: a length is one run of digits, and a field is a name and a value.

use harness::{Ask, Origin};

use crate::in_front_of;

/// Trap 2.
#[test]
fn a_length_that_is_not_one_number_is_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let lengths = [
        "",
        " ",
        "+5",
        "-5",
        "5,5",
        "5, 5",
        "5;5",
        "5 5",
        "0x5",
        "5.0",
        "five",
        "\u{663}",
        "18446744073709551616",
        "99999999999999999999999999",
    ];
    for length in lengths {
        let mut client = sidecar.connect();
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {length}\r\n\r\nhello"
        ));
        let response = client.response("POST");
        assert_eq!(response.status, 400, "{length:?}: {response:?}");
        client.half_close();
        client.assert_closed();
    }
    assert_eq!(origin.count(), 0);
}

/// Trap 2.
#[test]
fn two_lengths_must_be_identical() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let twice = |first: &str, second: &str| {
        sidecar.raw(format!(
            "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {first}\r\n\
             Content-Length: {second}\r\n\r\nhello"
        ))
    };
    assert_eq!(twice("5", "6").status, 400);
    assert_eq!(twice("0", "5").status, 400);
    assert_eq!(origin.count(), 0);
    // The same number twice says one thing (RFC 9112, section 6.3); it is passed on once.
    for (first, second) in [("5", "5"), ("5", "05")] {
        let status = twice(first, second).status;
        assert!(matches!(status, 200 | 400), "{status}");
    }
    for request in origin.requests() {
        assert_eq!(request.headers.all("content-length"), ["5"]);
        assert_eq!(request.text(), "hello");
    }
}

/// Trap 2.
#[test]
fn fields_that_are_not_a_name_and_a_value_are_refused() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let fields: [&[u8]; 9] = [
        b": empty",
        b"no-colon",
        b"sp ace: x",
        b"quo\"te: x",
        b"nul: a\0b",
        b"cr: a\rb",
        b"bra(ket: x",
        b"del: a\x7fb",
        b"\x80: x",
    ];
    for field in fields {
        let head = [b"GET / HTTP/1.1\r\nHost: shop.test\r\n", field, b"\r\n\r\n"];
        let response = sidecar.raw(head.concat());
        assert_eq!(response.status, 400, "{:?}", String::from_utf8_lossy(field));
    }
    assert_eq!(origin.count(), 0);
}

/// Trap 2: a leading zero says nothing else.
#[test]
fn a_length_with_leading_zeros_is_still_that_length() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let response =
        sidecar.raw("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0005\r\n\r\nhello");
    assert_eq!(response.status, 200);
    assert_eq!(origin.last().text(), "hello");
}

/// Trap 2: not every request has a body.
#[test]
fn a_request_without_a_length_has_no_body() {
    let origin = Origin::saying("ok");
    let sidecar = in_front_of(&origin);
    let mut client = sidecar.connect();
    for method in ["GET", "DELETE", "OPTIONS"] {
        assert_eq!(client.ask(&Ask::new(method, "/")).status, 200);
        let request = origin.last();
        assert_eq!(request.method, method);
        assert!(
            !request.headers.has("transfer-encoding"),
            "{}",
            request.head
        );
    }
}
