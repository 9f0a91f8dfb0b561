//! Every caching decision of a shared cache, pure (RFC 9110, RFC 9111, RFC 8246, RFC 9211).
//!
//! One module per question, in the order in which a request meets them:
//!
//! - [`request`]: may the cache answer it, and what does the client demand?
//! - [`key`]: under which bytes would its answer be kept?
//! - [`vary`], [`reuse`]: which stored response is it for, and may it be used as it is?
//! - [`conditional`]: does the client hold the same thing already?
//! - [`revalidate`]: how to ask the origin whether it still holds, and what its answer changes.
//! - [`response`], [`share`], [`keep`]: what came, who else may have it now, may it be kept?
//! - [`stored`]: what is kept of a response head.
//! - [`invalidate`]: what a successful write makes obsolete.
//! - [`status`]: telling about it; [`advice`]: telling what would change it.
//!
//! The rest are the words they speak in: [`age`], [`codings`], [`date`], [`directives`], [`etag`],
//! [`freshness`], [`seconds`].

pub mod advice;
pub mod age;
pub mod codings;
pub mod conditional;
pub mod date;
pub mod directives;
pub mod etag;
pub mod freshness;
pub mod invalidate;
pub mod keep;
pub mod key;
pub mod request;
pub mod response;
pub mod reuse;
pub mod revalidate;
pub mod seconds;
pub mod share;
pub mod status;
pub mod stored;
pub mod vary;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod testing;
