//! `CDN-Cache-Control` and `Forebay-Cache-Control`: strict as a whole, and strict in their parts.

use engine::cache::{
    directives::{CacheControl, Reach},
    targeted::{Directives, Governing},
};
use http::{HeaderValue, header};

use super::Target;
use crate::input::Input;

pub(crate) const TARGET: Target = Target {
    name: "targeted",
    words: &[
        "cdn-cache-control: ",
        "forebay-cache-control: ",
        "cache-control: ",
        "max-age=60",
        "max-age=-1",
        "max-age=1.5",
        "no-store",
        "no-store=?0",
        "private",
        "private=\"set-cookie\"",
        "no-cache=(a b)",
        "public;a=1",
        "s-maxage=:YQ==:",
        ", ",
        "\n",
    ],
    run,
};

fn run(data: &[u8]) {
    let mut fields = Input::of(data).fields();
    let read = Directives::of(&fields);
    let has_fields = |control: &CacheControl| {
        control.private == Reach::Fields || control.no_cache == Reach::Fields
    };
    assert_eq!(read.withheld.is_empty(), !has_fields(&read.control));
    let name = match read.governing {
        Governing::CacheControl => {
            let plain = CacheControl::parse(&fields, &header::CACHE_CONTROL);
            assert_eq!(read.control, plain);
            return;
        }
        Governing::Cdn => "cdn-cache-control",
        Governing::Forebay => "forebay-cache-control",
    };
    fields.append(name, HeaderValue::from_static("no-store, private"));
    let strict = Directives::of(&fields);
    assert_eq!(strict.governing, read.governing);
    assert!(strict.control.no_store && strict.control.private == Reach::Whole);
    // One error anywhere, and the field is as if it were not there.
    fields.append(name, HeaderValue::from_static("Not;a=dictionary"));
    assert_ne!(Directives::of(&fields).governing, read.governing);
}
