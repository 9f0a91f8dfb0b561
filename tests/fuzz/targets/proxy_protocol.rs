//! PROXY protocol headers: what is read is bounded, stops where the header stops, and can be written
//! again.

use engine::proxy_protocol::{LONGEST_V1, LONGEST_V2, Named, Read, read, write_v1, write_v2};

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "proxy_protocol",
    words: &[
        "PROXY ",
        "TCP4 ",
        "TCP6 ",
        "UNKNOWN",
        "192.0.2.7 ",
        "2001:db8::7 ",
        "::ffff:192.0.2.7",
        "65535",
        "\r\n",
        "\r\n\r\n\0\r\nQUIT\n",
        "\x20\0\0\0",
        "\x21\x11\0\x0c",
        "!!\0$",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut taken = 0;
    let named = loop {
        match read(&data[..taken]) {
            Read::More(missing) => taken += missing.get(),
            Read::Header(named) => break named,
            Read::Refused(_) => return,
        }
        assert!(taken <= LONGEST_V2);
        if taken > data.len() {
            return;
        }
    };
    let line = data.starts_with(b"PROXY ");
    assert!(!line || taken <= LONGEST_V1);
    // Every beginning of a header wants more, and never more than there is.
    for end in 0..taken {
        match read(&data[..end]) {
            Read::More(missing) => assert!(end + missing.get() <= taken),
            other => panic!("{other:?} after {end} of {taken} bytes"),
        }
    }
    for written in [write_v1(named), write_v2(named)] {
        assert_eq!(read(&written), Read::Header(named));
    }
    if let Named::Client(ends) = named {
        assert_eq!(ends.source.is_ipv4(), ends.destination.is_ipv4());
    }
}
