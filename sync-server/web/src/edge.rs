//! The layers around all routes, and the loop that serves them.
//!
//! From the outside in: connections are counted ([`places`]) and their heads timed ([`serve`]);
//! what is no request is told so ([`wire`]); each request gets its id, its log line and its place
//! in the metrics ([`observe`]); answers get security headers, panics become the envelope, bodies
//! are read within their bounds ([`body`]), the number of requests at work and their time are
//! bounded ([`guard`]); then comes the route.
//!
//! These are few layers of several steps each: a layer takes the whole of what is inside it into a
//! box for each request, which costs more than most of the steps.

mod address;
mod body;
mod guard;
mod observe;
mod places;
mod serve;
mod wire;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
};
use tower::{ServiceBuilder, util::option_layer};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{ApiError, auth::Keys, request_id};
use guard::Guard;
use observe::Meters;

pub use address::ClientAddress;
pub use observe::{NoMetrics, install_metrics};
pub use serve::serve;

/// Bounds of the edge.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections; the next ones wait in the system's backlog.
    pub n_connections_max: usize,
    /// Of those, from one address (IPv6: one network of 64 bits); the next ones are closed.
    /// Loopback is free of it.
    pub n_connections_per_address_max: usize,
    /// Requests at work at once, not counting bodies on their way out.
    pub n_requests_max: usize,
    /// From the head of a request to the head of its answer.
    pub request_timeout: Duration,
    /// For the first request of a connection: who says nothing keeps no place.
    pub first_head_timeout: Duration,
    /// For the head of a request to arrive, and for an idle connection to ask again.
    pub head_timeout: Duration,
    /// For a client to take something of an answer that it asked for. A player that is paused
    /// takes nothing, and asks again when it goes on.
    pub stall_timeout: Duration,
    /// For answers under way when the server stops.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            n_connections_max: 800,
            n_connections_per_address_max: 200,
            n_requests_max: 256,
            request_timeout: Duration::from_secs(30),
            first_head_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_mins(5),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// How the edge meets the world.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub limits: Limits,
    /// Whether a reverse proxy stands in front, whose `x-forwarded-for` is to be believed.
    pub is_behind_proxy: bool,
    /// Web pages of these origins may call the API; none by default, since the app calls from
    /// native code.
    pub cors_origins: Vec<HeaderValue>,
    /// Routes that take their bodies as they come, however long that takes. They bound size, time
    /// and number themselves.
    pub streamed: Vec<Streamed>,
}

/// A route by its method and its pattern.
pub type Streamed = (Method, &'static str);

/// Puts the layers around `routes`.
pub fn around(routes: Router, keys: Keys, settings: &Settings) -> Router {
    let guard = Arc::new(Guard::new(keys, settings));
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(Arc::<Meters>::default(), observe::observe))
        .layer(option_layer(cors(&settings.cors_origins)))
        .layer(middleware::from_fn_with_state(guard, guard::guard));
    routes
        .fallback(async || ApiError::not_found("path"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(layers)
}

/// `None`: closed, and no header about it on every answer.
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
        ])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static(request_id::HEADER),
        ]);
    (!origins.is_empty()).then_some(layer)
}
