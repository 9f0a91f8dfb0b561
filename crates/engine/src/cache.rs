//! Every caching decision of a shared cache, pure (RFC 9110, RFC 9111, RFC 5861, RFC 8246, RFC 9211,
//! RFC 9213).
//!
//! One module per question, in the order in which a request meets them:
//!
//! - [`request`]: may the cache answer it, and what does the client demand?
//! - [`key`], [`search`]: under which bytes would its answer be kept?
//! - [`persona`]: who is asking, as far as responses differ by it ([`device`], [`language`])?
//! - [`vary`], [`reuse`]: which stored response is it for, and may it be used as it is?
//! - [`conditional`]: does the client hold the same thing already?
//! - [`range`]: which of its bytes does the client want?
//! - [`partial`]: what becomes of a part that the origin sent.
//! - [`revalidate`], [`head`]: how to ask the origin whether it still holds, and what its answer
//!   changes.
//! - [`early`]: when to ask before anybody must.
//! - [`response`], [`share`], [`keep`], [`post`]: what came, who else may have it now, may it be kept?
//! - [`stored`]: what is kept of a response head.
//! - [`tags`]: what is a response about?
//! - [`invalidate`]: what a successful write makes obsolete.
//! - [`purge`]: what somebody wants gone, and which stored responses that is.
//! - [`status`]: telling about it; [`advice`]: telling what would change it.
//!
//! The rest are the words they speak in: [`age`], [`codings`], [`date`], [`directives`], [`draw`],
//! [`etag`], [`freshness`], [`label`], [`lifetimes`], [`seconds`], [`targeted`].

pub mod advice;
pub mod age;
pub mod codings;
pub mod conditional;
pub mod date;
pub mod device;
pub mod directives;
pub mod draw;
pub mod early;
pub mod etag;
pub mod freshness;
pub mod head;
pub mod invalidate;
pub mod keep;
pub mod key;
pub mod label;
pub mod language;
pub mod lifetimes;
pub mod partial;
pub mod persona;
pub mod post;
pub mod purge;
pub mod range;
pub mod request;
pub mod response;
pub mod reuse;
pub mod revalidate;
pub mod search;
pub mod seconds;
pub mod share;
pub mod status;
pub mod stored;
pub mod tags;
pub mod targeted;
pub mod vary;

#[cfg(test)]
mod oracle;
#[cfg(test)]
pub(crate) mod testing;
