//! Routes of search.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::Service;

/// `search`, `search_rebuild`.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    unimplemented!()
}
