//! Parts of a body (RFC 9110, section 14).
//!
//! **Of a body that is here** a part is a view of the same memory, several parts are views with
//! their framing between them; nothing is copied.
//!
//! **Of a body that is still coming** one part can be cut: what lies before it is read and let go,
//! and the reader leaves as soon as it has the last byte, so that it holds nobody up. Several parts
//! are not cut from it, since they may be asked for backwards.
//!
//! The length is known before the first byte. A source that ends short of it is an error and not an
//! end, as it is for every body.

mod multipart;
mod span;

use engine::cache::range::{Held, Multipart, Span};

pub(crate) use multipart::MultipartBody;
pub(crate) use span::SpanBody;

use super::ResponseBody;

/// One part of `body`, whose own first byte is byte `first` of the representation.
///
/// The body comes back as it was when the part cannot be cut from it.
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the answer step takes it up when it lets ranges in"
    )
)]
pub(crate) fn single(
    body: ResponseBody,
    first: u64,
    span: Span,
) -> Result<ResponseBody, ResponseBody> {
    match body {
        ResponseBody::Filling(reader) if first == 0 => {
            Ok(ResponseBody::Span(Box::new(SpanBody::new(reader, span))))
        }
        ResponseBody::Full(bytes) => Held::part(bytes.clone(), first)
            .cut(span)
            .map(ResponseBody::Full)
            .ok_or(ResponseBody::Full(bytes)),
        other => Err(other),
    }
}

/// Several parts of `body`, whose own first byte is byte `first` of the representation.
///
/// The body comes back as it was when it is not here yet.
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the answer step takes it up when it lets ranges in"
    )
)]
pub(crate) fn several(
    body: ResponseBody,
    first: u64,
    multipart: Multipart,
) -> Result<ResponseBody, ResponseBody> {
    match body {
        ResponseBody::Full(bytes) => {
            let parts = MultipartBody::new(multipart, Held::part(bytes, first));
            Ok(ResponseBody::Multipart(Box::new(parts)))
        }
        other => Err(other),
    }
}

#[cfg(test)]
mod tests;
