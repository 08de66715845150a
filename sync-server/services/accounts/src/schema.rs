//! The tables. `account_id` heads every key, so that a distributed engine keeps all that
//! belongs to an account in one place; what must be unique among all is reserved first.

use engine_sql::{Db, Step, outbox};

/// Makes the tables. [`crate::Service::open`] does it as well; whoever has tables that were among
/// these once (subscriptions, second factors, roles) calls it first.
pub async fn migrate(db: &Db) -> Result<(), engine_sql::Error> {
    db.migrate("accounts", STEPS).await?;
    outbox::migrate(db).await
}

/// Each is the text of its file, to the letter: a published step never changes.
const STEPS: &[Step] = &[
    (1, "account", include_str!("schema/01_account.sql")),
    (2, "email reservation", include_str!("schema/02_email_reservation.sql")),
    (3, "first owner", include_str!("schema/03_first_owner.sql")),
    (4, "session", include_str!("schema/04_session.sql")),
    (5, "refresh token", include_str!("schema/05_refresh_token.sql")),
    (6, "ended sessions", include_str!("schema/06_ended_sessions.sql")),
    (7, "profile: visibility", include_str!("schema/07_profile_visibility.sql")),
    (8, "profile: country", include_str!("schema/08_profile_country.sql")),
    (9, "profile: language", include_str!("schema/09_profile_language.sql")),
    (10, "session: device", include_str!("schema/10_session_device.sql")),
    (11, "session: network of last use", include_str!("schema/11_session_network_of_last_use.sql")),
    (12, "subscription", include_str!("schema/12_subscription.sql")),
    (13, "changes of roles", include_str!("schema/13_changes_of_roles.sql")),
    (14, "who holds a role", include_str!("schema/14_who_holds_a_role.sql")),
    (15, "owners so far", include_str!("schema/15_owners_so_far.sql")),
    (16, "authenticator app", include_str!("schema/16_authenticator_app.sql")),
    (17, "recovery codes", include_str!("schema/17_recovery_codes.sql")),
    (18, "address confirmed", include_str!("schema/18_address_confirmed.sql")),
    (19, "links in mails", include_str!("schema/19_links_in_mails.sql")),
    (20, "address: where it is", include_str!("schema/20_address_where_it_is.sql")),
    (21, "address: its reservation", include_str!("schema/21_address_its_reservation.sql")),
    (
        22,
        "session: when its person showed who they are",
        include_str!("schema/22_session_when_its_person_showed_who_they_are.sql"),
    ),
    (23, "another address", include_str!("schema/23_another_address.sql")),
    (
        24,
        "profile: birth date, in the vault",
        include_str!("schema/24_profile_birth_date_in_the_vault.sql"),
    ),
    (
        25,
        "profile: picture, in the vault",
        include_str!("schema/25_profile_picture_in_the_vault.sql"),
    ),
    (26, "roles are kept elsewhere", include_str!("schema/26_roles_are_kept_elsewhere.sql")),
];
