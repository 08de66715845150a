//! The end of what records say: by class and age, not of the held, and no proof suffers.

use std::collections::HashSet;

use api::audit::AuditProof;
use domain::audit::RetentionClass;
use engine_sql::testing;
use svc_governance::{Filter, merkle};

use crate::fixture::{Log, act, acts, verify};

fn nobody() -> HashSet<String> {
    HashSet::new()
}

#[tokio::test]
async fn old_contents_of_a_class_go_and_every_proof_stays_good() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[700, 1_100]).await;
        let before = verify(&log.file().await).unwrap();
        // Numbers 2, 5, 8 and so on are of this class.
        let class = RetentionClass::Access;
        let before_us = act(1_500).at_us;
        let due = log.service.contents_due(class, before_us, &nobody()).await.unwrap();
        assert_eq!(due, 500);
        let dropped = log.service.contents_drop(class, before_us, &nobody()).await.unwrap();
        assert_eq!(dropped, 500);
        assert_eq!(log.service.contents_due(class, before_us, &nobody()).await.unwrap(), 0);
        assert_eq!(log.service.contents_drop(class, before_us, &nobody()).await.unwrap(), 0);

        let verified = verify(&log.file().await).unwrap();
        assert_eq!((verified.n_dropped, &verified.checkpoint), (500, &before.checkpoint));
        let newest = log.service.list(&Filter::default(), None, 2_000).await.unwrap();
        for record in newest {
            let is_gone = record.seq % 3 == 2 && record.seq < 1_500;
            assert_eq!(record.act.is_none(), is_gone, "{}", record.seq);
        }
        let AuditProof::Inclusion { seq, size, leaf, root, path } =
            log.service.inclusion(8, None).await.unwrap()
        else {
            panic!("another proof");
        };
        let path: Vec<merkle::Hash> = path.iter().map(|hash| hash.parse().unwrap()).collect();
        let (leaf, root) = (leaf.parse().unwrap(), root.parse().unwrap());
        assert!(merkle::verify::inclusion(leaf, seq, size, &path, root));
        // It is still known by its id: nothing comes into the log twice.
        assert_eq!(log.service.append(acts([8])).await.unwrap(), [8]);
        assert!(verify(&log.file().await).is_ok());
    }
}

#[tokio::test]
async fn records_by_and_upon_the_held_stay_whole() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[60]).await;
        // Of this class are 2, 5, 8, ..; 2 is upon `account:2`, by whom are 2, 14, 26, 38, 50.
        let held = HashSet::from(["account:2".to_owned(), "account:5".to_owned()]);
        let (class, before_us) = (RetentionClass::Access, act(60).at_us);
        let due = log.service.contents_due(class, before_us, &held).await.unwrap();
        assert_eq!(due, 20 - 6);
        assert_eq!(log.service.contents_drop(class, before_us, &held).await.unwrap(), 14);
        let records = log.service.list(&Filter::default(), None, 100).await.unwrap();
        let mut kept: Vec<u64> = records
            .iter()
            .filter(|record| record.seq % 3 == 2 && record.act.is_some())
            .map(|record| record.seq)
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, [2, 5, 14, 26, 38, 50]);
        assert_eq!(verify(&log.file().await).unwrap().n_dropped, 14);
    }
}
