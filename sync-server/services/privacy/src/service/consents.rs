//! Consents (GDPR, article 7): to a version of a text, each answer with its proof in the log.

use api::privacy::{ConsentEntry, ConsentUpdate, ConsentView};
use domain::{
    AccountId,
    audit::{Act, Reason},
};
use engine_sql::acts::{self, By};
use web::ApiError;

use super::Service;
use crate::{Error, Purpose, store::Answer};

impl Service {
    /// What can be agreed to, and what was said.
    pub async fn consents(&self, account: AccountId) -> Result<Vec<ConsentView>, Error> {
        let mut consents = Vec::with_capacity(self.settings.purposes.len());
        for purpose in &self.settings.purposes {
            consents.push(self.consent(account, purpose).await?);
        }
        Ok(consents)
    }

    /// Takes an answer to the present version.
    pub async fn consent_update(
        &self,
        account: AccountId,
        asked: &ConsentUpdate,
    ) -> Result<ConsentView, Error> {
        let purpose = self.settings.purposes.iter().find(|purpose| purpose.id == asked.purpose);
        let purpose = purpose.ok_or_else(|| {
            ApiError::not_found("purpose").with_hint("Take one of those of `privacy_view`.")
        })?;
        if asked.version != purpose.version {
            return Err(ApiError::conflict(
                "The text has changed since.",
                "Read its present version, then answer.",
            )
            .into());
        }
        let now_us = (self.clock)();
        self.answers.take(account, now_us)?;
        let said = if asked.is_given { "given" } else { "withdrawn" };
        let reason = Reason::new(format!("{} {}: {said}", purpose.id, purpose.version));
        let act = Act {
            reason: Some(reason.map_err(ApiError::internal)?),
            ..By::account(account, now_us).privacy("consent_update", acts::account(account))
        };
        let answer = Answer { version: purpose.version, is_given: asked.is_given, at_us: now_us };
        self.store.answer(account, &purpose.id, answer, &act).await?;
        self.acted();
        self.consent(account, purpose).await
    }

    async fn consent(&self, account: AccountId, purpose: &Purpose) -> Result<ConsentView, Error> {
        let answers = self.store.answers(account, &purpose.id).await?;
        let is_given = answers
            .first()
            .is_some_and(|latest| latest.is_given && latest.version == purpose.version);
        let entry = |Answer { version, is_given, at_us }| ConsentEntry { version, is_given, at_us };
        Ok(ConsentView {
            purpose: purpose.id.clone(),
            title: purpose.title.clone(),
            text: purpose.text.clone(),
            version: purpose.version,
            is_given,
            history: answers.into_iter().map(entry).collect(),
        })
    }
}
