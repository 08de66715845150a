//! Bodies of requests: read whole, within bounds of size and time, before anything else happens.
//!
//! A client that sends slowly keeps nobody from working, and one that sends too much gets to
//! read why. Routes that take files read their bodies themselves, piece by piece.

mod lent;

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{StatusCode, header},
};
use futures::StreamExt as _;
use hyper::body::Body as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::lent::Lender;
use crate::{
    ApiError,
    extract::{IMAGE_BYTES_MAX, JSON_BYTES_MAX},
};

/// So much of a body that is too large is still read, so that its sender gets to see the answer
/// rather than a broken connection.
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a route leaves of a body arrives within this time, or is left unread.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// A body arrives within this time.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Images in memory at once, whose requests are at work or still sending.
const IMAGES_MAX: usize = 8;

static IMAGES: Semaphore = Semaphore::const_new(IMAGES_MAX);

/// The place of an image.
pub(super) type Place = Option<SemaphorePermit<'static>>;

/// A request with its body in memory, and the place that this takes.
pub(super) async fn read(request: Request) -> Result<(Request, Place), ApiError> {
    if request.body().is_end_stream() {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let is_image = content_type.is_some_and(|it| it.starts_with("image/"));
    let reading = async {
        if !is_image {
            return Ok((whole(body, JSON_BYTES_MAX).await?, None));
        }
        let place = IMAGES.acquire().await.map_err(ApiError::internal)?;
        Ok((whole(body, IMAGE_BYTES_MAX).await?, Some(place)))
    };
    let (bytes, place) = tokio::time::timeout(TIMEOUT, reading).await.unwrap_or_else(|_| {
        let hint = format!("Send it within {} s.", TIMEOUT.as_secs());
        Err(ApiError::malformed(StatusCode::REQUEST_TIMEOUT, "The body came too slowly.", hint))
    })?;
    Ok((Request::from_parts(parts, Body::from(bytes)), place))
}

/// Answers a request whose route reads the body. What it leaves, as where it refuses, is read and
/// thrown away within bounds, so that the sender gets to see the answer rather than a broken
/// connection.
pub(super) async fn lend<F: Future>(
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> F::Output {
    // Who waits for a word before sending the body is told by the answer.
    let sends_unasked = !request.headers().contains_key(header::EXPECT);
    let lender = Lender::default();
    let response = answer(request.map(|body| lender.lend(body))).await;
    if sends_unasked && let Some(rest) = lender.take_back() {
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(rest)).await;
    }
    response
}

async fn drain(body: Body) {
    let mut n_read = 0;
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        n_read += chunk.len();
        if n_read > DRAIN_BYTES_MAX {
            break;
        }
    }
}

async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    let mut n_read = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|_| ApiError::invalid("The body ended before its time.", "Send it again."))?;
        n_read += chunk.len();
        if n_read > DRAIN_BYTES_MAX {
            break;
        }
        if n_read <= bytes_max {
            bytes.extend_from_slice(&chunk);
        }
    }
    if n_read > bytes_max { Err(ApiError::body_too_large(bytes_max)) } else { Ok(bytes.into()) }
}
