//! Roles over every kind of database, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use api::{
    error::Code,
    roles::{RoleChange, RoleHolder},
};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, Role, SessionId, audit, plan::Tier};
use engine_sql::{
    outbox,
    testing::{self, TestDb},
};
use svc_roles::{
    Parts, Roles, Service,
    peer::{Accounts, PeerError},
};
use web::{
    ApiError,
    auth::{Claims, Keys},
    clock,
};

const SECOND_US: i64 = 1_000_000;
const ANN: AccountId = AccountId::from_uuid(uuid(1));
const BOB: AccountId = AccountId::from_uuid(uuid(2));

/// Everybody there is: by address, and name.
struct People;

const PEOPLE: [(&str, AccountId, &str); 2] =
    [("ann@example.org", ANN, "Ann"), ("bob@example.org", BOB, "Bob")];

#[async_trait]
impl Accounts for People {
    async fn account_by_email(&self, email: &str) -> Result<Option<AccountId>, PeerError> {
        let found = PEOPLE.iter().find(|(address, ..)| *address == email.to_lowercase());
        Ok(found.map(|(_, account, _)| *account))
    }

    async fn display_names(
        &self,
        of: &[AccountId],
    ) -> Result<BTreeMap<AccountId, String>, PeerError> {
        let asked = PEOPLE.iter().filter(|(_, account, _)| of.contains(account));
        Ok(asked.map(|(_, account, name)| (*account, (*name).to_owned())).collect())
    }
}

struct Stand {
    roles: Arc<Roles>,
    service: Service,
    keys: Keys,
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    /// Ann owns the server.
    async fn start(db: TestDb) -> Self {
        let stand = Self::start_at(clock::system()(), db).await;
        stand.roles.first_owner(ANN).await.unwrap();
        stand
    }

    /// Another process on the same database, which has heard of nothing.
    async fn restart(self) -> Self {
        Self::start_at(self.now_us.load(Ordering::Relaxed), self.db).await
    }

    async fn start_at(now_us: i64, db: TestDb) -> Self {
        let now_us = Arc::new(AtomicI64::new(now_us));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            keys: keys.clone(),
            clock,
            on_act: Box::new(|| {}),
        };
        let roles = Arc::new(Roles::open(parts).await.unwrap());
        let service = Service::new(roles.clone(), Arc::new(People));
        Self { roles, service, keys, now_us, db }
    }

    async fn change(
        &self,
        email: &str,
        role: Role,
        is_granted: bool,
    ) -> Result<RoleHolder, ApiError> {
        let by = self.claims(ANN).await;
        let asked =
            RoleChange { email: email.to_owned(), role, reason: "answers requests".to_owned() };
        let changed = if is_granted {
            self.service.role_grant(&by, &asked).await
        } else {
            self.service.role_revoke(&by, &asked).await
        };
        Ok(changed?)
    }

    async fn grant(&self, email: &str, role: Role) -> Result<RoleHolder, ApiError> {
        self.change(email, role, true).await
    }

    async fn revoke(&self, email: &str, role: Role) -> Result<RoleHolder, ApiError> {
        self.change(email, role, false).await
    }

    async fn roles(&self, of: AccountId) -> Vec<Role> {
        self.roles.held(&[of]).await.unwrap().remove(0).roles
    }

    /// What an access token says that is made now.
    async fn claims(&self, account: AccountId) -> Claims {
        let held = self.roles.held(&[account]).await.unwrap().remove(0);
        let now_s = u64::try_from(self.now_us.load(Ordering::Relaxed) / SECOND_US).unwrap();
        Claims {
            account,
            session: SessionId::from_uuid(uuid(3)),
            device: DeviceId::from_uuid(uuid(4)),
            tier: Tier::Free,
            roles: held.roles,
            roles_version: held.version,
            authenticated_at_s: now_s,
            expires_at_s: now_s + 600,
        }
    }

    async fn token(&self, account: AccountId) -> String {
        self.keys.sign(&self.claims(account).await, 0).unwrap()
    }

    async fn holders(&self) -> Vec<(String, Vec<Role>)> {
        let listed = self.service.role_holders().await.unwrap();
        assert!(!listed.is_cut);
        listed.holders.into_iter().map(|holder| (holder.display_name, holder.roles)).collect()
    }

    async fn acts(&self) -> Vec<audit::Act> {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }
}

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

#[tokio::test]
async fn roles_are_given_and_taken_and_old_tokens_end_at_once() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let before = stand.token(BOB).await;
        assert!(stand.keys.verify(&before).is_ok());
        let granted = stand.grant("BOB@example.org", Role::Engineer).await.unwrap();
        assert_eq!((granted.account, granted.display_name.as_str()), (BOB, "Bob"));
        assert_eq!(granted.roles, [Role::Listener, Role::Engineer]);
        assert!(stand.keys.verify(&before).is_err(), "it lacks the role");
        let during = stand.token(BOB).await;
        assert_eq!(stand.keys.verify(&during).unwrap().roles, granted.roles);
        let both = vec![
            ("Ann".to_owned(), vec![Role::Listener, Role::Owner]),
            ("Bob".to_owned(), granted.roles),
        ];
        assert_eq!(stand.holders().await, both);

        stand.revoke("bob@example.org", Role::Engineer).await.unwrap();
        assert!(stand.keys.verify(&during).is_err(), "it still has the role");
        // A restart forgets nothing of that.
        let stand = stand.restart().await;
        assert!(stand.keys.verify(&during).is_err());
        let after = stand.token(BOB).await;
        assert_eq!(stand.keys.verify(&after).unwrap().roles, [Role::Listener]);
        assert_eq!(stand.holders().await.len(), 1);
    }
}

#[tokio::test]
async fn what_accounts_have_comes_in_the_order_asked_for() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.grant("bob@example.org", Role::Owner).await.unwrap();
        stand.grant("bob@example.org", Role::Creator).await.unwrap();
        let nobody = AccountId::from_uuid(uuid(9));
        let held = stand.roles.held(&[BOB, nobody, ANN, BOB]).await.unwrap();
        let held: Vec<_> = held.iter().map(|held| (&held.roles[1..], held.version)).collect();
        let bobs = (&[Role::Creator, Role::Owner][..], 2);
        assert_eq!(held, [bobs, (&[], 0), (&[Role::Owner], 0), bobs]);
        assert!(stand.roles.held(&[]).await.unwrap().is_empty());
    }
}

/// Whichever process asks, and however often.
#[tokio::test]
async fn the_first_account_owns_the_server_and_no_later_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.roles.first_owner(BOB).await.unwrap();
        let stand = stand.restart().await;
        stand.roles.first_owner(BOB).await.unwrap();
        assert_eq!(stand.roles(BOB).await, [Role::Listener]);
        // Who is no owner any more does not become one again.
        stand.grant("bob@example.org", Role::Owner).await.unwrap();
        stand.revoke("ann@example.org", Role::Owner).await.unwrap();
        let stand = stand.restart().await;
        stand.roles.first_owner(ANN).await.unwrap();
        assert_eq!(stand.roles(ANN).await, [Role::Listener]);
    }
}

#[tokio::test]
async fn of_two_who_are_first_at_once_one_owns_the_server() {
    for db in testing::databases().await {
        let stand = Stand::start_at(clock::system()(), db).await;
        let (a, b) = tokio::join!(stand.roles.first_owner(ANN), stand.roles.first_owner(BOB));
        a.and(b).unwrap();
        let owns = [stand.roles(ANN).await.len() == 2, stand.roles(BOB).await.len() == 2];
        assert!(owns[0] != owns[1], "{owns:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_given_or_taken_is_refused() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let token = stand.token(ANN).await;
        let last = stand.revoke("ann@example.org", Role::Owner).await.unwrap_err();
        assert_eq!(last.code, Code::Conflict);
        assert!(stand.keys.verify(&token).is_ok(), "nothing has changed");
        let everybody = stand.grant("bob@example.org", Role::Listener).await.unwrap_err();
        assert_eq!(everybody.status, 400);
        let nobody = stand.grant("eve@example.org", Role::Creator).await.unwrap_err();
        assert_eq!(nobody.status, 404);
        assert!(stand.acts().await.is_empty(), "what failed is not told");
        stand.grant("bob@example.org", Role::Owner).await.unwrap();
        stand.revoke("ann@example.org", Role::Owner).await.unwrap();
    }
}

#[tokio::test]
async fn the_last_owner_cannot_be_erased() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let refused = stand.roles.subject_may_erase(ANN).await.unwrap_err();
        assert_eq!(ApiError::from(refused).status, 409);
        assert!(stand.roles.subject_may_erase(BOB).await.is_ok());
        stand.grant("bob@example.org", Role::Owner).await.unwrap();
        assert!(stand.roles.subject_may_erase(ANN).await.is_ok());
    }
}

/// Two owners who revoke each other at once leave one.
#[tokio::test]
async fn there_is_always_an_owner() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.grant("bob@example.org", Role::Owner).await.unwrap();
        let (first, second) = tokio::join!(
            stand.revoke("ann@example.org", Role::Owner),
            stand.revoke("bob@example.org", Role::Owner)
        );
        assert!(first.is_ok() != second.is_ok());
        assert_eq!(stand.holders().await.len(), 1);
    }
}

#[tokio::test]
async fn the_audit_log_is_told_in_the_same_transaction() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.grant("bob@example.org", Role::Engineer).await.unwrap();
        // It changes nothing, so there is nothing to tell.
        stand.grant("bob@example.org", Role::Engineer).await.unwrap();
        let acts = stand.acts().await;
        assert_eq!(acts.len(), 1);
        let (ann, bob) = (format!("account:{ANN}"), format!("account:{BOB}"));
        let told = (acts[0].verb.as_str(), acts[0].object.as_str());
        assert_eq!(told, ("role_grant", bob.as_str()));
        assert_eq!(acts[0].actor.as_ref().unwrap().as_str(), ann);
        let reason = acts[0].reason.as_ref().unwrap().as_str();
        assert_eq!(reason, "engineer: answers requests");
    }
}
