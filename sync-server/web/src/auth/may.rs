//! Permissions as extractors: a handler that names one cannot be reached without it.
//!
//! Who has which stands in [`domain::access::POLICY`] alone.

use std::marker::PhantomData;

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{Denial, Permission};

use super::{Claims, SignedIn};
use crate::ApiError;

/// Someone signed in who has the permission that `P` stands for.
#[derive(Clone, Debug)]
pub struct May<P> {
    pub claims: Claims,
    permission: PhantomData<P>,
}

/// A permission as a type.
pub trait Grants {
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($name:ident),*) => {
        $(
            #[doc = concat!("[`Permission::", stringify!($name), "`] as a type.")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Grants for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*
    };
}

permissions!(
    GrantRoles,
    HandleCases,
    ImportMusic,
    ReadAudit,
    ReadMetrics,
    RebuildSearch,
    UploadMusic
);

impl<S: Send + Sync, P: Grants> FromRequestParts<S> for May<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let SignedIn(claims) = SignedIn::from_request_parts(parts, state).await?;
        match P::PERMISSION.check(&claims.roles) {
            Ok(()) => Ok(Self { claims, permission: PhantomData }),
            Err(Denial::Forbidden) => {
                Err(ApiError::forbidden("This needs a role that you do not have.")
                    .with_hint("Ask an owner of this server."))
            }
            // Word for word what a path gets that is none.
            Err(Denial::Hidden) => Err(ApiError::not_found("path")),
        }
    }
}
