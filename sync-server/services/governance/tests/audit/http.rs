//! The routes, as a program meets them.

use std::time::{SystemTime, UNIX_EPOCH};

use api::audit::{AuditCheckpoint, AuditPage, AuditProof};
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{AccountId, DeviceId, Role, SessionId, plan::Tier};
use engine_sql::testing;
use serde::de::DeserializeOwned;
use svc_governance::Checkpoint;
use tower::ServiceExt as _;
use web::auth::{Claims, Keys};

use crate::fixture::{Log, act, key, verify};

struct Site {
    router: Router,
    keys: Keys,
    log: Log,
}

impl Site {
    async fn open(batches: &[u32]) -> Self {
        let log = Log::filled(testing::sqlite().await, batches).await;
        let keys = Keys::from_seeds(&[[7; 32]]).unwrap();
        let (router, _) = svc_governance::routes(log.service.clone()).split_for_parts();
        Self { router: router.layer(Extension(keys.clone())), keys, log }
    }

    fn token(&self, roles: &[Role]) -> String {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let claims = Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(1, [2; 10]),
            device: DeviceId::new(1, [3; 10]),
            tier: Tier::Free,
            roles: roles.to_vec(),
            roles_version: 0,
            authenticated_at_s: 0,
            expires_at_s: now_s + 600,
        };
        self.keys.sign(&claims, now_s).unwrap()
    }

    async fn get(&self, path: &str, roles: Option<&[Role]>) -> (StatusCode, Vec<u8>) {
        let mut request = Request::get(path);
        if let Some(roles) = roles {
            request =
                request.header(header::AUTHORIZATION, format!("Bearer {}", self.token(roles)));
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec())
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.get(path, Some(&[Role::ComplianceOfficer])).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        serde_json::from_slice(&body).unwrap()
    }

    async fn status(&self, path: &str) -> u16 {
        self.get(path, Some(&[Role::ComplianceOfficer])).await.0.as_u16()
    }
}

const ROUTES: [&str; 4] = [
    "/api/v1/audit/records",
    "/api/v1/audit/checkpoint",
    "/api/v1/audit/proof?seq=0",
    "/api/v1/audit/file",
];

#[tokio::test]
async fn compliance_officers_read_and_for_others_there_is_nothing() {
    let site = Site::open(&[1]).await;
    let others: [&[Role]; 3] =
        [&[Role::Listener], &[Role::Owner, Role::Engineer], &[Role::Creator, Role::Advertiser]];
    for path in ROUTES {
        assert_eq!(site.status(path).await, 200, "{path}");
        assert_eq!(site.get(path, None).await.0, 401, "{path}");
        for roles in others {
            assert_eq!(site.get(path, Some(roles)).await.0, 404, "{path} as {roles:?}");
        }
        // What is wrong with a question is not told to those who may not ask.
        let nonsense = format!("{path}{}nonsense=1", if path.contains('?') { '&' } else { '?' });
        assert_eq!(site.get(&nonsense, Some(&[Role::Owner])).await.0, 404, "{nonsense}");
    }
}

#[tokio::test]
async fn lists_page_by_cursor() {
    let site = Site::open(&[7]).await;
    let first: AuditPage = site.json("/api/v1/audit/records?limit=4").await;
    let seqs = |page: &AuditPage| page.items.iter().map(|item| item.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&first), [6, 5, 4, 3]);
    assert_eq!(first.items[0].act, Some(act(6)));
    let cursor = first.next_cursor.unwrap();
    let second: AuditPage =
        site.json(&format!("/api/v1/audit/records?limit=4&cursor={cursor}")).await;
    assert_eq!((seqs(&second), second.next_cursor), (vec![2, 1, 0], None));
    let exact: AuditPage = site.json("/api/v1/audit/records?limit=7").await;
    assert_eq!((exact.items.len(), exact.next_cursor), (7, None));
    let by: AuditPage =
        site.json("/api/v1/audit/records?actor=account:1&verb=role_grant&object=account:5").await;
    assert_eq!(seqs(&by), [5]);
    for wrong in ["limit=0", "limit=201", "cursor=x", "actor=a%20b", "verb=No", "what=1"] {
        assert_eq!(site.status(&format!("/api/v1/audit/records?{wrong}")).await, 400, "{wrong}");
    }
}

#[tokio::test]
async fn checkpoints_and_proofs_are_asked_by_size() {
    let site = Site::open(&[3, 4]).await;
    let latest: AuditCheckpoint = site.json("/api/v1/audit/checkpoint").await;
    assert_eq!((latest.size, latest.key.as_str()), (7, &*key().verifying().to_string()));
    assert_eq!(latest.keys.len(), 1);
    assert_eq!((latest.keys[0].from_size, &latest.keys[0].handover), (0, &None));
    let older: AuditCheckpoint = site.json("/api/v1/audit/checkpoint?size=3").await;
    assert!(older.note.starts_with("melodyud-audit-test\n3\n"), "{}", older.note);
    assert_eq!(site.status("/api/v1/audit/checkpoint?size=4").await, 404);
    assert_eq!(site.status("/api/v1/audit/checkpoint?size=-1").await, 400);

    let proof: AuditProof = site.json("/api/v1/audit/proof?seq=2").await;
    assert!(matches!(proof, AuditProof::Inclusion { seq: 2, size: 7, .. }));
    let proof: AuditProof = site.json("/api/v1/audit/proof?seq=2&size=3").await;
    assert!(matches!(proof, AuditProof::Inclusion { seq: 2, size: 3, .. }));
    let proof: AuditProof = site.json("/api/v1/audit/proof?from=3&to=7").await;
    assert!(matches!(proof, AuditProof::Consistency { from: 3, to: 7, .. }));
    let wrong = [
        "",
        "size=3",
        "seq=3&size=3",
        "seq=1&size=8",
        "from=1",
        "to=2",
        "from=0&to=2",
        "from=3&to=2",
        "from=1&to=8",
        "seq=1&from=1&to=2",
        "from=1&to=2&size=2",
        "seq=18446744073709551615",
        "from=1&to=18446744073709551615",
    ];
    for query in wrong {
        assert_eq!(site.status(&format!("/api/v1/audit/proof?{query}")).await, 400, "{query}");
    }
}

/// Who knows the first key comes to the last one by what the keys themselves signed.
#[tokio::test]
async fn checkpoints_come_with_the_way_to_their_key() {
    let site = Site::open(&[3]).await;
    let [second, third] = [
        site.log.service.key_rotate().await.unwrap(),
        site.log.service.key_rotate().await.unwrap(),
    ];
    site.log.service.append(vec![act(3)]).await.unwrap();
    let latest: AuditCheckpoint = site.json("/api/v1/audit/checkpoint").await;
    assert_eq!((latest.size, latest.key.as_str()), (6, &*third.to_string()));
    let mut trusted = key().verifying();
    for handover in latest.keys.iter().skip(1) {
        let note = handover.handover.as_deref().unwrap();
        let opened = Checkpoint::open(note, &trusted).unwrap();
        assert_eq!(opened.checkpoint.size, handover.from_size);
        trusted = opened.next_key.unwrap();
        assert_eq!(trusted.to_string(), handover.key);
    }
    assert_eq!(trusted, third);
    assert!(Checkpoint::open(&latest.note, &third).is_ok());
    for (size, key) in [(3, key().verifying()), (4, second), (5, third)] {
        let path = format!("/api/v1/audit/checkpoint?size={size}");
        let checkpoint: AuditCheckpoint = site.json(&path).await;
        assert_eq!(checkpoint.key, key.to_string());
        assert!(Checkpoint::open(&checkpoint.note, &key).is_ok(), "{size}");
    }
}

#[tokio::test]
async fn taking_another_log_for_the_true_one_is_in_the_log() {
    let site = Site::open(&[3]).await;
    let restart = async |size: u64, roles: &[Role]| {
        let body = serde_json::json!({ "known_size": 7, "size": size }).to_string();
        let request = Request::post("/api/v1/audit/restarts")
            .header(header::AUTHORIZATION, format!("Bearer {}", site.token(roles)))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body));
        site.router.clone().oneshot(request.unwrap()).await.unwrap().status().as_u16()
    };
    assert_eq!(restart(3, &[Role::Owner]).await, 404);
    assert_eq!(restart(2, &[Role::ComplianceOfficer]).await, 404, "there is no such checkpoint");
    assert_eq!(restart(u64::MAX, &[Role::ComplianceOfficer]).await, 404);
    assert_eq!(restart(3, &[Role::ComplianceOfficer]).await, 204);
    let page: AuditPage = site.json("/api/v1/audit/records?verb=audit_restart").await;
    let [record] = &page.items[..] else { panic!("{page:?}") };
    let act = record.act.as_ref().unwrap();
    let reason = act.reason.as_ref().unwrap().as_str();
    assert_eq!(reason, "the log of 7 records was known; that of 3 is taken");
    assert!(act.actor.is_some());
}

#[tokio::test]
async fn the_file_is_that_of_the_command() {
    let site = Site::open(&[700, 800, 1]).await;
    let (status, file) = site.get("/api/v1/audit/file", Some(&[Role::ComplianceOfficer])).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(file, site.log.file().await);
    assert_eq!(verify(&file).unwrap().checkpoint.size, 1_501);
}
