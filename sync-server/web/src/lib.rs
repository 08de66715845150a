//! What every HTTP edge shares: envelope, auth, paging, limits, log, OpenAPI.
