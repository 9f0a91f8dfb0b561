use proptest::prelude::*;

use super::*;

fn client(source: &str, destination: &str) -> Named {
    let at = |text: &str| text.parse().unwrap();
    Named::Client(Ends::new(at(source), at(destination)).unwrap())
}

/// Reads as a connection does: only what is asked for, from a stream that goes on.
fn stream(header: &[u8]) -> (Read, usize) {
    let mut whole = header.to_vec();
    whole.extend(b"GET / HTTP/1.1\r\n\r\n".repeat(40));
    let mut taken = 0;
    loop {
        match read(&whole[..taken]) {
            Read::More(missing) => taken += missing.get(),
            read => return (read, taken),
        }
    }
}

#[track_caller]
fn refused(bytes: &[u8], why: NoHeader) {
    let (read, _) = stream(bytes);
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(read, Read::Refused(why), "{shown:?}");
}

#[test]
fn a_line_names_the_client() {
    for (line, named) in [
        (
            "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n",
            client("192.0.2.7:56324", "192.0.2.1:443"),
        ),
        (
            "PROXY TCP4 1.1.1.1 2.2.2.2 0 1\r\n",
            client("1.1.1.1:0", "2.2.2.2:1"),
        ),
        (
            "PROXY TCP6 2001:db8::7 ::1 65535 80\r\n",
            client("[2001:db8::7]:65535", "[::1]:80"),
        ),
        ("PROXY UNKNOWN\r\n", Named::Nobody),
        ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Named::Nobody),
    ] {
        assert_eq!(
            stream(line.as_bytes()),
            (Read::Header(named), line.len()),
            "{line}"
        );
    }
}

#[test]
fn the_longest_line_fits_and_nothing_longer() {
    let address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let longest = format!("PROXY UNKNOWN {address} {address} 65535 65535\r\n");
    assert_eq!(longest.len(), LONGEST_V1);
    assert_eq!(stream(longest.as_bytes()).0, Read::Header(Named::Nobody));
    refused(
        format!("PROXY UNKNOWN {address} {address} 65535 655350\r\n").as_bytes(),
        NoHeader::TooLong,
    );
}

#[test]
fn a_line_with_two_readings_is_refused() {
    for (line, why) in [
        (
            "PROXY TCP4 192.0.2.7 192.0.2.1 056324 443\r\n",
            NoHeader::Address,
        ),
        (
            "PROXY TCP4 192.0.2.7 192.0.2.1 +6324 443\r\n",
            NoHeader::Address,
        ),
        (
            "PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n",
            NoHeader::Address,
        ),
        (
            "PROXY TCP4 192.0.2.007 192.0.2.1 1 2\r\n",
            NoHeader::Address,
        ),
        ("PROXY TCP4 ::1 ::2 56324 443\r\n", NoHeader::Address),
        ("PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n", NoHeader::Address),
        ("PROXY TCP4  192.0.2.7 192.0.2.1 1 2\r\n", NoHeader::Shape),
        ("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n", NoHeader::Shape),
        ("PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n", NoHeader::Shape),
        ("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n", NoHeader::Shape),
        ("PROXY TCP4 192.0.2.7\r192.0.2.1 1 2\r\n", NoHeader::Shape),
        ("PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n", NoHeader::Kind),
        (
            "proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
            NoHeader::Signature,
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", NoHeader::Signature),
    ] {
        refused(line.as_bytes(), why);
    }
}

fn block(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    bytes.extend(rest);
    bytes
}

const V4: [u8; 12] = [192, 0, 2, 7, 192, 0, 2, 1, 0xdc, 0x04, 0x01, 0xbb];

#[test]
fn a_block_names_the_client_and_further_fields_are_passed_over() {
    let named = client("192.0.2.7:56324", "192.0.2.1:443");
    let with_fields = [&V4[..], &[0x03, 0, 4, 1, 2, 3, 4, 0x20, 0, 1, 9]].concat();
    for rest in [&V4[..], &with_fields] {
        let header = block(0x21, 0x11, rest);
        assert_eq!(stream(&header), (Read::Header(named), header.len()));
    }
}

#[test]
fn blocks_that_name_nobody() {
    for header in [
        block(0x20, 0x00, &[]),
        block(0x20, 0x11, &V4),
        block(0x20, 0x77, &[1, 2, 3]),
        block(0x21, 0x00, &[1, 2, 3]),
        block(0x21, 0x31, &[0; 216]),
    ] {
        let read = (Read::Header(Named::Nobody), header.len());
        assert_eq!(stream(&header), read, "{header:?}");
    }
}

#[test]
fn blocks_that_are_none() {
    refused(&block(0x11, 0x11, &V4), NoHeader::Kind);
    refused(&block(0x22, 0x11, &V4), NoHeader::Kind);
    refused(&block(0x21, 0x13, &V4), NoHeader::Kind);
    refused(&block(0x21, 0x41, &V4), NoHeader::Kind);
    refused(&block(0x21, 0x11, &V4[..11]), NoHeader::Shape);
    refused(&block(0x21, 0x21, &V4), NoHeader::Shape);
    refused(&block(0x21, 0x31, &[0; 215]), NoHeader::Shape);
    refused(&block(0x21, 0x11, &[0; 521]), NoHeader::TooLong);
    let longest = block(0x20, 0x00, &[0; LONGEST_V2 - 16]);
    assert_eq!(stream(&longest).0, Read::Header(Named::Nobody));
}

#[test]
fn both_ends_are_of_one_family() {
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(Ends::new(at("1.2.3.4:5"), at("[::1]:80")), None);
    let mapped = Ends::new(at("[::ffff:1.2.3.4]:5"), at("9.9.9.9:80")).unwrap();
    assert_eq!(mapped.source, at("1.2.3.4:5"));
}

fn any_named() -> impl Strategy<Value = Named> {
    let v4 = any::<([u8; 4], u16, [u8; 4], u16)>()
        .prop_map(|(source, from, to, port)| ((source, from).into(), (to, port).into()));
    let v6 = any::<([u16; 8], u16, [u16; 8], u16)>()
        .prop_map(|(source, from, to, port)| ((source, from).into(), (to, port).into()));
    let client = prop_oneof![v4, v6].prop_map(|(source, destination)| {
        Named::Client(Ends {
            source,
            destination,
        })
    });
    prop_oneof![Just(Named::Nobody), client]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(named in any_named()) {
        for header in [write_v1(named), write_v2(named)] {
            prop_assert_eq!(stream(&header), (Read::Header(named), header.len()));
        }
    }

    #[test]
    fn reading_never_asks_beyond_the_longest_header(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for beginning in [&b""[..], b"PROXY ", b"PROXY TCP4 ", b"\r\n\r\n\0\r\nQUIT\n\x21"] {
            let whole = [beginning, &bytes, &[b'1'; 600]].concat();
            let mut taken = 0;
            while let Read::More(missing) = read(&whole[..taken]) {
                taken += missing.get();
                prop_assert!(taken <= LONGEST_V2);
            }
        }
    }
}
