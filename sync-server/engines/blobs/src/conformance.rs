//! What every store behind [`Blobs`] must do. Each implementation's test calls [`check`] with a
//! fresh, empty store; a failed expectation panics with its reason.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use crate::{BlobId, Blobs, Error, SIZE_BYTES_MAX};

/// Runs the whole suite.
pub async fn check(blobs: &Blobs) {
    put_then_get(blobs).await;
    put_is_idempotent(blobs).await;
    puts_at_once_agree(blobs).await;
    ranges_are_exact(blobs).await;
    streams_are_whole(blobs).await;
    missing_is_said(blobs).await;
    size_is_bounded(blobs).await;
}

/// Bytes that no two places of a blob share.
fn pattern(n: usize, seed: u8) -> Bytes {
    (0..n).map(|i| (i * 31 + i / 251) as u8 ^ seed).collect()
}

async fn put_then_get(blobs: &Blobs) {
    for bytes in [Bytes::new(), Bytes::from_static(b"x"), pattern(3_000_000, 1)] {
        let id = blobs.put(bytes.clone()).await.expect("put");
        assert_eq!(id, BlobId::of(&bytes), "the name is the hash");
        assert_eq!(blobs.get(id).await.expect("get"), bytes);
        assert_eq!(blobs.size_bytes(id).await.expect("head"), Some(bytes.len() as u64));
    }
}

async fn put_is_idempotent(blobs: &Blobs) {
    let bytes = pattern(1000, 2);
    let id = blobs.put(bytes.clone()).await.expect("put");
    assert_eq!(blobs.put(bytes.clone()).await.expect("put again"), id);
    assert_eq!(blobs.get(id).await.expect("get"), bytes);
}

async fn puts_at_once_agree(blobs: &Blobs) {
    let bytes = pattern(200_000, 3);
    let puts = (0..8).map(|_| blobs.put(bytes.clone()));
    let ids = futures::stream::iter(puts)
        .buffer_unordered(8)
        .try_collect::<Vec<_>>()
        .await
        .expect("concurrent puts of the same bytes succeed");
    assert!(ids.iter().all(|id| *id == BlobId::of(&bytes)));
    assert_eq!(blobs.get(ids[0]).await.expect("get"), bytes);
}

async fn ranges_are_exact(blobs: &Blobs) {
    let bytes = pattern(100_000, 4);
    let id = blobs.put(bytes.clone()).await.expect("put");
    for range in [0..1, 0..100_000, 99_999..100_000, 5..5, 100_000..100_000, 4_095..8_193] {
        let got = blobs.get_range(id, range.clone()).await.expect("range");
        let wanted = bytes.slice(range.start as usize..range.end as usize);
        assert_eq!(got, wanted, "{range:?}");
    }
    for range in [0..100_001, 100_001..100_002, u64::MAX - 1..u64::MAX] {
        let got = blobs.get_range(id, range.clone()).await;
        assert!(matches!(got, Err(Error::OutOfRange { .. })), "{range:?}: {got:?}");
    }
}

async fn streams_are_whole(blobs: &Blobs) {
    let bytes = pattern(5_000_000, 5);
    let id = blobs.put(bytes.clone()).await.expect("put");
    for start in [0, 1, 4_999_999, 5_000_000] {
        let pieces = blobs.stream(id, start).await.expect("stream");
        let got = pieces.try_collect::<Vec<_>>().await.expect("pieces").concat();
        assert!(got == bytes[start as usize..], "from {start}");
    }
    assert!(matches!(blobs.stream(id, 5_000_001).await, Err(Error::OutOfRange { .. })));
}

async fn missing_is_said(blobs: &Blobs) {
    let id = blobs.put(pattern(10, 6)).await.expect("put");
    blobs.delete(id).await.expect("delete");
    blobs.delete(id).await.expect("delete what is gone");
    assert_eq!(blobs.size_bytes(id).await.expect("head"), None);
    assert!(matches!(blobs.get(id).await, Err(Error::NotFound(missing)) if missing == id));
    assert!(matches!(blobs.get_range(id, 0..1).await, Err(Error::NotFound(_))));
    assert!(matches!(blobs.stream(id, 0).await, Err(Error::NotFound(_))));
}

async fn size_is_bounded(blobs: &Blobs) {
    let size_bytes = SIZE_BYTES_MAX + 1;
    let too_large = Bytes::from(vec![0; size_bytes as usize]);
    let got = blobs.put(too_large).await;
    assert!(matches!(got, Err(Error::TooLarge { size_bytes: n }) if n == size_bytes), "{got:?}");
}
