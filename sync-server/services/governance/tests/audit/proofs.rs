//! Proofs as a client verifies them.

use api::audit::AuditProof;
use engine_sql::testing;
use svc_governance::{
    Checkpoint,
    merkle::{Hash, verify},
};

use crate::fixture::{Log, key};

fn hashes(texts: &[String]) -> Vec<Hash> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn every_record_is_proved_under_every_signed_root() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[1, 2, 5, 4, 1]).await;
        for size in [1, 3, 8, 12, 13] {
            let note = log.service.checkpoint(Some(size)).await.unwrap().note;
            let signed = Checkpoint::open(&note, &key().verifying()).unwrap().checkpoint;
            for seq in 0..size {
                let proof = log.service.inclusion(seq, Some(size)).await.unwrap();
                let AuditProof::Inclusion { leaf, root, path, .. } = proof else { panic!() };
                assert_eq!(root, signed.root.to_string(), "{:?}", log.db.kind());
                let leaf = leaf.parse().unwrap();
                assert!(verify::inclusion(leaf, seq, size, &hashes(&path), signed.root));
            }
        }
        assert!(log.service.inclusion(0, Some(14)).await.is_err());
        assert!(log.service.inclusion(13, None).await.is_err());
    }
}

#[tokio::test]
async fn every_log_is_the_beginning_of_the_later_ones() {
    for db in testing::databases().await {
        let log = Log::filled(db, &[13]).await;
        for to in 1..=13 {
            for from in 1..=to {
                let proof = log.service.consistency(from, to).await.unwrap();
                let AuditProof::Consistency { from_root, to_root, path, .. } = proof else {
                    panic!()
                };
                let (old, new) = (from_root.parse().unwrap(), to_root.parse().unwrap());
                assert!(verify::consistency(from, to, old, new, &hashes(&path)), "{from} {to}");
            }
        }
        for (from, to) in [(0, 5), (6, 5), (1, 14)] {
            assert!(log.service.consistency(from, to).await.is_err(), "{from} {to}");
        }
    }
}
