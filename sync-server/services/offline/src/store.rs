//! The SQL of offline devices. Each stands with the session in which it became one, and is none any
//! more once that has ended.

use std::collections::HashSet;

use domain::{
    AccountId, DeviceId, SessionId,
    audit::Act,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, acts, outbox,
    sqlx::{self, AnyConnection},
};
use web::auth::Claims;

use crate::Error;

const STEPS: &[Step] = &[(
    1,
    "offline devices",
    "CREATE TABLE offline_device (
        account_id TEXT NOT NULL,
        device_id TEXT NOT NULL,
        session_id TEXT NOT NULL,
        since_us BIGINT NOT NULL,
        PRIMARY KEY (account_id, device_id))",
)];

/// What is held about persons here.
pub const HOLDINGS: &[Holding] = &[Holding {
    table: "offline_device",
    keys: &[Key::Id("account_id")],
    what: "Devices of yours that keep music",
    why: "So that no more of them do than your plan allows",
    kept: "Until you release the device; where you signed out on it, until you use another one",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];

/// Sessions of an account that live.
#[derive(Clone, Debug)]
pub struct Living {
    pub sessions: HashSet<SessionId>,
    /// Sessions that were used here since may be younger than that.
    pub asked_at_us: i64,
}

/// A device that keeps music, where its session lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    pub device: DeviceId,
    pub session: SessionId,
    pub since_us: i64,
}

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("offline", STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    /// Those of an account, the first one first.
    pub async fn devices(&self, account: AccountId) -> Result<Vec<DeviceRow>, Error> {
        devices(&mut *self.db.read().acquire().await?, account).await
    }

    /// Lets the device of a token keep music; `false` where as many do as are allowed. Counted and
    /// put in one transaction: of two devices for one place, one gets it.
    pub async fn device_use(
        &self,
        claims: &Claims,
        n_allowed: u32,
        living: &Living,
        act: &Act,
    ) -> Result<bool, Error> {
        self.db.with_tx(|tx| use_device(tx, claims, n_allowed, living, act)).await
    }

    /// Lets a device keep music no more; `false` where it did not.
    pub async fn device_release(
        &self,
        account: AccountId,
        device: DeviceId,
        living: &Living,
        act: &Act,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let used = used(&mut tx, account, living).await?;
                if !used.iter().any(|row| row.device == device) {
                    return Ok(false);
                }
                delete(&mut tx, account, device).await?;
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }
}

async fn use_device(
    mut tx: Tx,
    claims: &Claims,
    n_allowed: u32,
    living: &Living,
    act: &Act,
) -> Result<bool, Error> {
    let used = used(&mut tx, claims.account, living).await?;
    if used.iter().any(|row| row.device == claims.device) {
        return Ok(true);
    }
    if used.len() >= n_allowed as usize {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO offline_device (account_id, device_id, session_id, since_us)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(claims.account.to_string())
    .bind(claims.device.to_string())
    .bind(claims.session.to_string())
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, act).await?;
    Ok(true)
}

/// Those that keep music; the others are released.
async fn used(
    tx: &mut AnyConnection,
    account: AccountId,
    living: &Living,
) -> Result<Vec<DeviceRow>, Error> {
    let is_used = |row: &DeviceRow| {
        living.sessions.contains(&row.session) || row.since_us >= living.asked_at_us
    };
    let (used, left): (Vec<_>, Vec<_>) = devices(tx, account).await?.into_iter().partition(is_used);
    for row in left {
        delete(tx, account, row.device).await?;
    }
    Ok(used)
}

async fn delete(tx: &mut AnyConnection, account: AccountId, device: DeviceId) -> Result<(), Error> {
    sqlx::query("DELETE FROM offline_device WHERE account_id = $1 AND device_id = $2")
        .bind(account.to_string())
        .bind(device.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

async fn devices(tx: &mut AnyConnection, account: AccountId) -> Result<Vec<DeviceRow>, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT device_id, session_id, since_us FROM offline_device
         WHERE account_id = $1 ORDER BY since_us, device_id",
    )
    .bind(account.to_string())
    .fetch_all(tx)
    .await?;
    let row = |(device, session, since_us): (String, String, i64)| {
        Ok(DeviceRow {
            device: device.parse().map_err(|_| Error::Stored { what: "device id" })?,
            session: session.parse().map_err(|_| Error::Stored { what: "session id" })?,
            since_us,
        })
    };
    rows.into_iter().map(row).collect()
}
