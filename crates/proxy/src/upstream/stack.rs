//! The call to an upstream, layer by layer. This is the only place that orders them.
//!
//! | layer | does |
//! |---|---|
//! | [`mirror`](super::layers::mirror) | sends a copy to another upstream, beside it |
//! | [`deadline`](super::layers::deadline) | ends it when the time for the whole exchange is over |
//! | [`retry`](super::layers::retry) | sends again what may be sent again, elsewhere |
//! | [`hedge`](super::layers::hedge) | sends a second try beside a slow first one |
//! | [`breaker`](super::layers::breaker) | leaves an upstream alone that fails |
//! | [`capacity`](super::layers::capacity) | asks for room, waits for it, or is refused |
//! | [`exchange`](super::layers::exchange) | picks an endpoint, takes a connection, sends, and waits for the head |
//!
//! Each layer is a [`tower::Layer`] around the next, and sees a [`Call`] on its way in and a
//! [`Fetched`](super::Fetched) or a [`FetchError`](super::FetchError) on its way out. One that the
//! file does not ask for hands the call on, and costs nothing. The layers borrow what they need from
//! the upstream and are made anew for each call: there is nothing in them but references.

use tower::{ServiceBuilder, layer::layer_fn};

use super::{
    UpstreamState,
    call::Next,
    layers::{
        breaker::Breaker, capacity::Capacity, deadline::Deadline, exchange::Exchange, hedge::Hedge,
        mirror::Mirror, retry::Retry,
    },
};

/// The layers around a call to `upstream`, from the outermost in.
pub(super) fn stack<'a>(upstream: &'a UpstreamState) -> impl Next<'a> {
    ServiceBuilder::new()
        .layer(layer_fn(move |inner| Mirror { upstream, inner }))
        .layer(layer_fn(|inner| Deadline { inner }))
        .layer(layer_fn(move |inner| Retry { upstream, inner }))
        .layer(layer_fn(move |inner| Hedge { upstream, inner }))
        .layer(layer_fn(move |inner| Breaker { upstream, inner }))
        .layer(layer_fn(move |inner| Capacity { upstream, inner }))
        .service(Exchange { upstream })
}
