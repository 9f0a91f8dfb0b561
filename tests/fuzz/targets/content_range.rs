//! `Content-Range`: what is believed of a part can be told again in the same words.

use engine::cache::range::{ContentRange, Received};
use http::header;

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "content_range",
    words: &[
        "content-range: ",
        "content-length: ",
        "content-type: multipart/byteranges; boundary=a",
        "bytes ",
        "0-0/1",
        "0-499/1000",
        "*/1000",
        "/*",
        "-",
        "/",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    if let Some(read) = ContentRange::parse(data) {
        assert!(read.length.is_none_or(|length| read.span.last() < length));
        if let Some(extent) = read.extent() {
            let told = extent.header_value();
            assert_eq!(ContentRange::parse(told.as_bytes()), Some(read));
        }
    }
    let fields = Input::of(data).fields();
    if let Received::Part(part) = Received::of(&fields) {
        let lines: Vec<_> = fields.get_all(header::CONTENT_RANGE).iter().collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(ContentRange::parse(lines[0].as_bytes()), Some(part));
        for length in fields.get_all(header::CONTENT_LENGTH) {
            let length: u64 = length.to_str().unwrap().trim().parse().unwrap();
            assert_eq!(length, part.span.len());
        }
    }
}
