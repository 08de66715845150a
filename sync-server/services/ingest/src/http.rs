//! The operator's routes.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::Service;

/// `import_start`, `import_view`, `import_events`.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    todo!()
}
