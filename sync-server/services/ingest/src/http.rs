//! The operator's routes.

use std::{convert::Infallible, path::Path as FilePath, sync::Arc, time::Duration};

use api::{
    error::Envelope,
    imports::{Import, ImportStart},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
};
use domain::ImportId;
use futures::Stream;
use tokio::sync::watch;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json, Path,
    auth::{ImportMusic, May},
};

use crate::{Error, Service, service::has_ended};

/// Time between two events of progress.
const EVENT_TIME: Duration = Duration::from_millis(250);
/// Silence after which a comment keeps the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `import_start`, `import_view`, `import_events`.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(import_start))
        .routes(routes!(import_view))
        .routes(routes!(import_events))
        .with_state(service)
}

type Imports = State<Arc<Service>>;

/// Import a folder of the server's machine, in the background.
#[utoipa::path(
    post,
    path = "/api/v1/imports",
    operation_id = "import_start",
    tag = "imports",
    security(("bearer" = [])),
    request_body = ImportStart,
    responses(
        (status = 202, description = "It has begun", body = Import),
        (status = 400, description = "The folder cannot be imported", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Only an owner may do this", body = Envelope),
        (status = 409, description = "The folder is being imported already", body = Envelope),
    ),
)]
async fn import_start(
    State(service): Imports,
    _: May<ImportMusic>,
    Json(asked): Json<ImportStart>,
) -> Result<(StatusCode, Json<Import>), ApiError> {
    let import = service.import_start(FilePath::new(&asked.directory)).await?;
    Ok((StatusCode::ACCEPTED, Json(import)))
}

/// Progress or result of an import.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{import_id}",
    operation_id = "import_view",
    tag = "imports",
    security(("bearer" = [])),
    params(("import_id" = ImportId, Path, description = "Which import")),
    responses(
        (status = 200, description = "The import", body = Import),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Only an owner may do this", body = Envelope),
        (status = 404, description = "There is no such import", body = Envelope),
    ),
)]
async fn import_view(
    State(service): Imports,
    _: May<ImportMusic>,
    Path(id): Path<ImportId>,
) -> Result<Json<Import>, ApiError> {
    service.import_view(id).await?.map(Json).ok_or_else(|| ApiError::not_found("import"))
}

/// Progress of an import as it goes: server-sent events named `progress`, some a second, and a
/// last one named `end`. Each carries the import as `import_view` answers it.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{import_id}/events",
    operation_id = "import_events",
    tag = "imports",
    security(("bearer" = [])),
    params(("import_id" = ImportId, Path, description = "Which import")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Only an owner may do this", body = Envelope),
        (status = 404, description = "There is no such import", body = Envelope),
    ),
)]
async fn import_events(
    State(service): Imports,
    _: May<ImportMusic>,
    Path(id): Path<ImportId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let news = service.import_follow(id).await?.ok_or_else(|| ApiError::not_found("import"))?;
    Ok(Sse::new(events(news)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn events(news: watch::Receiver<Import>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(Some(news), |news| async {
        let mut news = news?;
        let import = news.borrow_and_update().clone();
        // Without a sender there is nothing more to come, whatever the state.
        let is_last = has_ended(&import) || news.has_changed().is_err();
        let name = if is_last { "end" } else { "progress" };
        // An import is texts and numbers, which always have a JSON form.
        let event = Event::default().event(name).json_data(&import).unwrap_or_default();
        if is_last {
            return Some((Ok(event), None));
        }
        Some((Ok(event), Some(next(news).await)))
    })
}

/// Waits until there is news, but not for less than [`EVENT_TIME`].
async fn next(mut news: watch::Receiver<Import>) -> watch::Receiver<Import> {
    let pause = tokio::time::sleep(EVENT_TIME);
    // An error means that the import is over: the last news stand.
    let is_over = news.changed().await.is_err() || has_ended(&news.borrow());
    if !is_over {
        pause.await;
    }
    news
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Directory(message) => Self::invalid(
                message,
                "Name a folder on the server's machine by its absolute path.",
            ),
            Error::AlreadyRunning { import } => Self::conflict(
                "This folder is being imported already.",
                match import {
                    Some(id) => format!("Watch it at /api/v1/imports/{id}."),
                    None => "Another process does it; wait for its end.".to_owned(),
                },
            ),
            Error::Stopping => Self::unavailable("The server is stopping.", 10),
            Error::Lock { .. } | Error::Store(_) => Self::internal(error),
        }
    }
}
