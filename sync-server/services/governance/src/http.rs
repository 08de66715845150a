//! The routes, for compliance officers alone: to others who are signed in they do not exist.

#![allow(unused_qualifications, reason = "in what utoipa makes of a handler's arguments")]

use std::sync::Arc;

use api::{
    audit::{AuditCheckpoint, AuditKey, AuditPage, AuditProof, AuditRecord, AuditRestart},
    error::Envelope,
};
use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::audit::{Token, Verb};
use futures::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json, Query,
    auth::{May, ReadAudit},
    cursor,
};

use crate::{Error, Export, Filter, KeyRange, Record, Service};

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(audit_list))
        .routes(routes!(audit_checkpoint))
        .routes(routes!(audit_restart))
        .routes(routes!(audit_proof))
        .routes(routes!(audit_export))
        .with_state(service)
}

type Audit = State<Arc<Service>>;
type Officer = May<ReadAudit>;

/// Query of `audit_list`: filters match exactly.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Who did it, such as `account:0190…`.
    actor: Option<Token>,
    /// What it was done to.
    object: Option<Token>,
    /// What was done, such as `role_grant`.
    verb: Option<Verb>,
    /// Most records of a page; 50 where absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

/// Query of `audit_checkpoint`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CheckpointQuery {
    /// Of how many records; the latest where absent.
    size: Option<u64>,
}

/// Query of `audit_proof`: either `seq`, with or without `size`, or `from` and `to`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ProofQuery {
    /// The record to be proved.
    seq: Option<u64>,
    /// The tree it is in: that of so many records; all where absent.
    size: Option<u64>,
    /// Size of the older log.
    from: Option<u64>,
    /// Size of the newer log.
    to: Option<u64>,
}

/// The lines of a file.
#[derive(ToSchema)]
#[schema(value_type = String)]
#[expect(dead_code, reason = "the document's only")]
struct Lines(String);

/// The records of the audit log, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit/records",
    operation_id = "audit_list",
    tag = "audit",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of records", body = AuditPage),
        (status = 400, description = "A bad filter, limit or cursor", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not a compliance officer", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn audit_list(
    State(service): Audit,
    _officer: Officer,
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    let limit = cursor::limit(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::decode::<u64>).transpose()?;
    let filter = Filter { actor: query.actor, object: query.object, verb: query.verb };
    // One more than asked for tells whether there is a next page.
    let mut records = service.list(&filter, before, limit + 1).await?;
    let is_last = records.len() <= limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| !is_last);
    Ok(Json(AuditPage {
        next_cursor: next.map(|record| cursor::encode(&record.seq)).transpose()?,
        items: records.into_iter().map(shown).collect(),
    }))
}

/// A signed checkpoint of the audit log.
///
/// Keep it elsewhere: with it, a proof shows later that nothing it covers was changed.
#[utoipa::path(
    get,
    path = "/api/v1/audit/checkpoint",
    operation_id = "audit_checkpoint",
    tag = "audit",
    params(CheckpointQuery),
    responses(
        (status = 200, description = "The checkpoint", body = AuditCheckpoint),
        (status = 400, description = "A bad size", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "None of that size, or not a compliance officer", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn audit_checkpoint(
    State(service): Audit,
    _officer: Officer,
    Query(query): Query<CheckpointQuery>,
) -> Result<Json<AuditCheckpoint>, ApiError> {
    let found = service.checkpoint(query.size).await?;
    let keys = service.keys().await?;
    let of_it = keys.iter().rfind(|range| range.from_size <= found.size);
    let of_it = of_it.ok_or(Error::Stored { what: "key" })?;
    Ok(Json(AuditCheckpoint {
        size: found.size,
        note: found.note,
        key: of_it.key.to_string(),
        keys: keys.into_iter().map(key_shown).collect(),
    }))
}

/// Tell that a checkpoint was taken although the log is not what it was, such as after a backup was
/// restored. It stands in the log itself.
#[utoipa::path(
    post,
    path = "/api/v1/audit/restarts",
    operation_id = "audit_restart",
    tag = "audit",
    request_body = AuditRestart,
    responses(
        (status = 204, description = "It is in the log"),
        (status = 400, description = "A malformed body", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No checkpoint of that size, or not a compliance officer", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn audit_restart(
    State(service): Audit,
    officer: Officer,
    Json(asked): Json<AuditRestart>,
) -> Result<StatusCode, ApiError> {
    service.restart(officer.claims.account, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A proof: that a record is in the log, or that an older log is the beginning of a newer one.
#[utoipa::path(
    get,
    path = "/api/v1/audit/proof",
    operation_id = "audit_proof",
    tag = "audit",
    params(ProofQuery),
    responses(
        (status = 200, description = "The proof", body = AuditProof),
        (status = 400, description = "There is no such proof", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not a compliance officer", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn audit_proof(
    State(service): Audit,
    _officer: Officer,
    Query(query): Query<ProofQuery>,
) -> Result<Json<AuditProof>, ApiError> {
    let ProofQuery { seq, size, from, to } = query;
    match (seq, size, from, to) {
        (Some(seq), size, None, None) => Ok(Json(service.inclusion(seq, size).await?)),
        (None, None, Some(from), Some(to)) => Ok(Json(service.consistency(from, to).await?)),
        _ => Err(ApiError::invalid(
            "It is not clear which proof is asked for.",
            "Pass `seq` and `size` for a record, or `from` and `to` for two sizes of the log.",
        )),
    }
}

/// The whole audit log as a file that `melodyud-server audit verify` verifies.
#[utoipa::path(
    get,
    path = "/api/v1/audit/file",
    operation_id = "audit_export",
    tag = "audit",
    responses(
        (status = 200, description = "JSON lines", content((Lines = "application/jsonl"))),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not a compliance officer", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn audit_export(State(service): Audit, _officer: Officer) -> Result<Response, ApiError> {
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let pieces = stream::try_unfold(service.export().await?, next_piece);
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A failure on the way breaks the answer off: the client sees that it is not whole.
async fn next_piece(mut export: Export) -> Result<Option<(Vec<u8>, Export)>, Error> {
    match export.piece().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, export))),
        Err(error) => {
            tracing::error!(error = web::error::chain(&error), "export of the audit log broke off");
            Err(error)
        }
    }
}

fn key_shown(range: KeyRange) -> AuditKey {
    let KeyRange { key, from_size, handover } = range;
    AuditKey { key: key.to_string(), from_size, handover }
}

fn shown(record: Record) -> AuditRecord {
    AuditRecord { seq: record.seq, leaf: record.leaf.to_string(), act: record.act }
}
