//! The catalog's routes. Handlers parse, call and answer; what they mean is in `service`.

#![expect(unused_qualifications, reason = "utoipa writes them for the queries it documents")]

mod artists;
mod covers;
mod lists;
mod plays;
mod releases;
mod tracks;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};
use web::ApiError;

use crate::{Service, error::Error, intake::Intake, peer::Restrictions};

/// All routes of the catalog, with full paths.
pub fn routes(service: Arc<Service>, restrictions: Arc<dyn Restrictions>) -> OpenApiRouter {
    let intake = Arc::new(Intake { catalog: Arc::clone(&service), restrictions });
    let plays = OpenApiRouter::new().routes(routes!(plays::play_report)).with_state(intake);
    OpenApiRouter::new()
        .routes(routes!(artists::artist_list))
        .routes(routes!(artists::artist_view))
        .routes(routes!(releases::release_list))
        .routes(routes!(releases::release_view))
        .routes(routes!(tracks::track_list))
        .routes(routes!(tracks::track_view))
        .routes(routes!(covers::cover_view))
        .with_state(service)
        .merge(plays)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::internal(error)
    }
}
