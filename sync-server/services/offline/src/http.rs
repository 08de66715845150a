//! The routes.

use std::sync::Arc;

use api::{error::Envelope, offline::OfflineDevices};
use axum::extract::State;
use domain::DeviceId;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, Json, Path, auth::SignedIn};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(offline_device_list))
        .routes(routes!(offline_device_use))
        .routes(routes!(offline_device_release))
        .with_state(service)
}

type Offline = State<Arc<Service>>;

/// Devices that keep music, and how many may.
#[utoipa::path(
    get,
    path = "/api/v1/offline-devices",
    operation_id = "offline_device_list",
    tag = "devices",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The devices", body = OfflineDevices),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
async fn offline_device_list(
    State(service): Offline,
    SignedIn(claims): SignedIn,
) -> Result<Json<OfflineDevices>, ApiError> {
    Ok(Json(service.devices(&claims).await?))
}

/// Let the device that asks keep music. It does until it is released, or signed out.
#[utoipa::path(
    put,
    path = "/api/v1/offline-devices/current",
    operation_id = "offline_device_use",
    tag = "devices",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The devices as they are now", body = OfflineDevices),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "The plan keeps no music on devices", body = Envelope),
        (status = 409, description = "As many devices do as the plan allows", body = Envelope),
    ),
)]
async fn offline_device_use(
    State(service): Offline,
    SignedIn(claims): SignedIn,
) -> Result<Json<OfflineDevices>, ApiError> {
    Ok(Json(service.device_use(&claims).await?))
}

/// Let a device of the account keep music no more.
#[utoipa::path(
    delete,
    path = "/api/v1/offline-devices/{device_id}",
    operation_id = "offline_device_release",
    tag = "devices",
    security(("bearer" = [])),
    params(("device_id" = DeviceId, Path, description = "Of `offline_device_list`")),
    responses(
        (status = 200, description = "The devices as they are now", body = OfflineDevices),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "The account has no such offline device", body = Envelope),
    ),
)]
async fn offline_device_release(
    State(service): Offline,
    SignedIn(claims): SignedIn,
    Path(device): Path<DeviceId>,
) -> Result<Json<OfflineDevices>, ApiError> {
    Ok(Json(service.device_release(&claims, device).await?))
}
