//! Plays as players report them: taken in, unless their person wants their data not to be used.

use std::sync::Arc;

use api::plays::{Play, PlayReceipt};
use domain::AccountId;

use crate::{Service, error::Error, peer::Restrictions};

/// Where reports of plays come in.
pub struct Intake {
    pub catalog: Arc<Service>,
    pub restrictions: Arc<dyn Restrictions>,
}

impl Intake {
    /// Takes an account's plays in; the caller has bounded their number. While the use of its data
    /// is restricted they are neither kept nor counted, and the answer is that of plays which are
    /// known already: a player sends them no more.
    pub async fn plays_report(
        &self,
        account: AccountId,
        plays: &[Play],
    ) -> Result<PlayReceipt, Error> {
        if self.restrictions.is_restricted(account).await? {
            return Ok(PlayReceipt { n_accepted: 0, n_ignored: plays.len() as u64 });
        }
        self.catalog.plays_put(account, plays).await
    }
}
