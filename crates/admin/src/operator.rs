//! The admin listener: what is configured, and what the process makes of it. Nothing can be changed but
//! what the cache holds.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::header;
use policy::Policies;
use serde::Serialize;
use serde_json::{Value, json};
use telemetry::EndpointFigures;
use tower_http::limit::RequestBodyLimitLayer;

use crate::{
    Bans, Breakers, CacheStats, CapacityOf, HealthOf, Lookup, Purger, Source, Token, bans,
    breakers, describe, guard, lookup::lookup, probes::LARGEST_BODY, problem::Problem,
    purge::purge,
};

/// What the admin listener tells, and whom.
#[derive(Clone)]
pub struct AdminState {
    /// The policies in force.
    pub policies: Source<Arc<Policies>>,
    /// What the cache is doing.
    pub cache: Source<CacheStats>,
    /// What the cache says about a request.
    pub lookup: Lookup,
    /// Purges what the cache holds.
    pub purge: Purger,
    /// Who is shut out because of what they did.
    pub bans: Bans,
    /// What is left alone because it fails.
    pub breakers: Breakers,
    /// The endpoints of the upstream at this position in the policies, as they are now.
    pub endpoints: Arc<dyn Fn(usize) -> Vec<EndpointFigures> + Send + Sync>,
    /// How the endpoints are.
    pub health: HealthOf,
    /// The room of each upstream.
    pub capacity: CapacityOf,
    /// The token to ask for; `None` lets everybody in who can connect.
    pub token: Option<Token>,
    /// Names, besides addresses and `localhost`, that clients may use for this listener.
    pub names: Vec<String>,
    /// The version of the program.
    pub version: &'static str,
}

/// A path and what is there.
#[derive(Serialize)]
struct Place {
    method: &'static str,
    path: &'static str,
    shows: &'static str,
}

const PLACES: [Place; 12] = [
    Place {
        method: "GET",
        path: "/",
        shows: "this list",
    },
    Place {
        method: "GET",
        path: "/bans",
        shows: "the callers that are shut out for a while",
    },
    Place {
        method: "POST",
        path: "/bans/lift",
        shows: "ends bans: {\"box\": NAME, \"caller\": CALLER}, or {\"all\": true}",
    },
    Place {
        method: "GET",
        path: "/breakers",
        shows: "the breakers of routes, upstreams and endpoints, and what they are doing",
    },
    Place {
        method: "POST",
        path: "/breakers/reset",
        shows: "closes breakers: {\"upstream\": NAME}, {\"route\": NAME}, or {} for all",
    },
    Place {
        method: "GET",
        path: "/cache/lookup?url=http://HOST/PATH&header=NAME:VALUE",
        shows: "what is held for a request, and if nothing is, why and what would change it",
    },
    Place {
        method: "POST",
        path: "/cache/purge",
        shows: "purges a url, a prefix, a pattern, a tag or all, softly unless hard is true",
    },
    Place {
        method: "GET",
        path: "/cache/stats",
        shows: "what the cache holds and how often it answered",
    },
    Place {
        method: "GET",
        path: "/config_dump",
        shows: "the configuration in force as YAML, without secrets",
    },
    Place {
        method: "GET",
        path: "/routes",
        shows: "the routes and the policies that apply to each",
    },
    Place {
        method: "GET",
        path: "/upstreams",
        shows: "the endpoints of each upstream, the requests in flight to them and how they are",
    },
    Place {
        method: "GET",
        path: "/version",
        shows: "which version runs",
    },
];

/// `GET /`, `/bans`, `/breakers`, `/cache/lookup`, `/cache/stats`, `/config_dump`, `/routes`, `/upstreams` and
/// `/version`, and `POST /bans/lift`, `/breakers/reset` and `/cache/purge`, for those who ask by one of our names, from no other site, and with the token
/// when there is one.
pub fn admin_router(state: AdminState) -> Router {
    Router::new()
        .route("/", get(async || Json(PLACES)))
        .route("/bans", get(bans::list))
        .route("/bans/lift", post(bans::lift))
        .route("/breakers", get(breakers::list))
        .route("/breakers/reset", post(breakers::reset))
        .route("/cache/lookup", get(lookup))
        .route("/cache/purge", post(purge))
        .route("/cache/stats", get(cache_stats))
        .route("/config_dump", get(config_dump))
        .route("/routes", get(routes))
        .route("/upstreams", get(upstreams))
        .route("/version", get(version))
        .fallback(Problem::not_found)
        .method_not_allowed_fallback(Problem::method_not_allowed)
        .with_state(state.clone())
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(state, guard::admit))
        .layer(middleware::from_fn(guard::bound))
        .layer(middleware::map_response(guard::harden))
}

async fn cache_stats(State(state): State<AdminState>) -> Json<CacheStats> {
    Json((state.cache)())
}

/// `text/yaml` rather than RFC 9512's `application/yaml`, so that a browser shows it.
async fn config_dump(State(state): State<AdminState>) -> Response {
    let policies = (state.policies)();
    let yaml = policies.redacted.clone();
    ([(header::CONTENT_TYPE, "text/yaml; charset=utf-8")], yaml).into_response()
}

async fn routes(State(state): State<AdminState>) -> Json<Value> {
    Json(describe::routes(&(state.policies)()))
}

async fn upstreams(State(state): State<AdminState>) -> Json<Value> {
    Json(describe::upstreams(
        &(state.policies)(),
        &*state.endpoints,
        &*state.health,
        &*state.capacity,
    ))
}

async fn version(State(state): State<AdminState>) -> Json<Value> {
    Json(json!({"name": "forebay", "version": state.version}))
}

#[cfg(test)]
mod tests;
