//! The log line, the id and the metrics of each request.
//!
//! The log never shows tokens, addresses, queries or bodies: of the path only the pattern of
//! the route that matched.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use metrics::{Gauge, Histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Instrument as _;

use super::guard::secure;
use crate::request_id;

/// Seconds; from far below what search takes to the time at which the edge gives up.
const BUCKETS_S: [f64; 15] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

const DURATION: &str = "http_request_duration_seconds";
const IN_FLIGHT: &str = "http_requests_in_flight";

/// How often the recorder folds what it has collected.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The recorder of metrics could not be set up; there can be one in a process.
#[derive(Debug, thiserror::Error)]
#[error("cannot record metrics")]
pub struct NoMetrics(#[from] BuildError);

/// Starts to record the metrics of this process; the handle renders them for Prometheus.
pub fn install_metrics() -> Result<PrometheusHandle, NoMetrics> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS_S)?
        .install_recorder()?;
    metrics::describe_histogram!(
        DURATION,
        metrics::Unit::Seconds,
        "From the head of a request to the head of its answer, by operation."
    );
    metrics::describe_gauge!(IN_FLIGHT, "Requests whose answer has not begun.");
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// The meters of requests, found once each: the recorder looks a meter up by all of its labels.
#[derive(Default)]
pub(super) struct Meters {
    in_flight: OnceLock<Gauge>,
    durations: RwLock<HashMap<String, ByAnswer>>,
}

/// Durations of one route, by method and class of status.
type ByAnswer = HashMap<(&'static str, &'static str), Histogram>;

impl Meters {
    fn in_flight(&self) -> InFlight<'_> {
        let gauge = self.in_flight.get_or_init(|| metrics::gauge!(IN_FLIGHT));
        gauge.increment(1.0);
        InFlight(gauge)
    }

    fn record(&self, route: &str, method: &'static str, status: StatusCode, took: Duration) {
        let answer = (method, class(status));
        let known = self.durations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(duration) = known.get(route).and_then(|by_answer| by_answer.get(&answer)) {
            return duration.record(took);
        }
        drop(known);
        let (route, (method, status)) = (route.to_owned(), answer);
        let duration = metrics::histogram!(
            DURATION, "method" => method, "route" => route.clone(), "status" => status
        );
        duration.record(took);
        let mut known = self.durations.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(route).or_default().insert(answer, duration);
    }
}

pub(super) async fn observe(
    State(meters): State<Arc<Meters>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id::of(request.headers());
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", request_id = %id, method, route);
    let started = Instant::now();
    let in_flight = meters.in_flight();

    let answer = async {
        let response = next.run(request).await;
        log(route, response.status(), started.elapsed());
        response
    };
    let mut response = request_id::scope(id, answer.instrument(span)).await;

    drop(in_flight);
    meters.record(route, method, response.status(), started.elapsed());
    secure(response.headers_mut());
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    response
}

fn log(route: &str, status: StatusCode, duration: Duration) {
    let status_code = status.as_u16();
    // Microseconds are as fine as a reader cares for.
    let duration_ms = duration.as_micros() as f64 / 1_000.0;
    if status.is_server_error() {
        tracing::warn!(status = status_code, duration_ms, "answered");
    } else if matches!(route, "/healthz" | "/readyz" | "/metrics") {
        tracing::debug!(status = status_code, duration_ms, "answered");
    } else {
        tracing::info!(status = status_code, duration_ms, "answered");
    }
}

/// Counts down however the request ends, cut connections included.
struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A client may invent methods; the metrics must not grow with them.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
