//! Uploads with a clock that the test moves, on every kind of database: cut lines, checksums,
//! quotas, what a crash leaves behind.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::http::StatusCode;
use bytes::Bytes;
use domain::{AccountId, UploadId};
use engine_sql::testing::{self, TestDb};
use futures::{Stream, StreamExt as _, stream};
use sha2::Digest as _;
use svc_uploads::{
    Error, NewUpload, Parts, Service, Settings, Upload,
    tus::{Algorithm, Checksum, Metadata},
};
use web::ApiError;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

struct Stand {
    service: Arc<Service>,
    now_us: Arc<AtomicI64>,
    db: TestDb,
    folder: tempfile::TempDir,
}

type Piece = Result<Bytes, std::io::Error>;

impl Stand {
    async fn start(db: TestDb) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now_us = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let service = open(&db, &now_us, &folder, Some(0)).await;
        Self { service, now_us, db, folder }
    }

    /// As the next start of the server would.
    async fn restart(&mut self) {
        self.restart_leaving(Some(0)).await;
    }

    /// With so much left free on the disk.
    async fn restart_leaving(&mut self, free_bytes_min: Option<u64>) {
        self.service = open(&self.db, &self.now_us, &self.folder, free_bytes_min).await;
    }

    async fn create(&self, of: AccountId, length_bytes: u64) -> Result<Upload, Error> {
        self.service.create(of, NewUpload { length_bytes, metadata: Metadata::default() }).await
    }

    async fn append(
        &self,
        upload: UploadId,
        offset_bytes: u64,
        piece: impl Stream<Item = Piece> + Send + Unpin,
    ) -> Result<Upload, Error> {
        self.service.append(ann(), upload, offset_bytes, None, piece).await
    }

    async fn offset(&self, upload: UploadId) -> u64 {
        self.service.view(ann(), upload).await.unwrap().offset_bytes
    }

    fn path(&self, upload: UploadId) -> PathBuf {
        self.folder.path().join("uploads").join(upload.to_string())
    }

    fn bytes(&self, upload: UploadId) -> Vec<u8> {
        fs::read(self.path(upload)).unwrap()
    }

    fn n_bytes(&self, upload: UploadId) -> usize {
        usize::try_from(fs::metadata(self.path(upload)).unwrap().len()).unwrap()
    }
}

async fn open(
    db: &TestDb,
    now_us: &Arc<AtomicI64>,
    folder: &tempfile::TempDir,
    free_bytes_min: Option<u64>,
) -> Arc<Service> {
    let now_us = now_us.clone();
    let parts = Parts {
        db: engine_sql::Db::clone(db),
        clock: Arc::new(move || now_us.load(Ordering::Relaxed)),
        settings: Settings {
            folder: folder.path().join("uploads"),
            free_bytes_min,
            file_bytes_max: 50_000_000,
            quota_bytes: 60_000_000,
            n_days_kept: 7,
            n_pieces_max: 8,
        },
    };
    Arc::new(Service::open(parts).await.unwrap())
}

fn ann() -> AccountId {
    AccountId::new(1, [1; 10])
}

fn bob() -> AccountId {
    AccountId::new(1, [2; 10])
}

/// Bytes that no two places share.
fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 31 + i / 251) as u8).collect()
}

/// In pieces as they come from a line.
fn pieces(bytes: &[u8]) -> impl Stream<Item = Piece> + Send + Unpin + use<> {
    let pieces: Vec<Piece> =
        bytes.chunks(10_007).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

/// Ends as a line does that breaks.
fn cut(bytes: &[u8]) -> impl Stream<Item = Piece> + Send + Unpin + use<> {
    pieces(bytes).chain(stream::iter([Err(std::io::ErrorKind::ConnectionReset.into())]))
}

fn sha256(bytes: &[u8]) -> Checksum {
    Checksum { algorithm: Algorithm::Sha256, digest: sha2::Sha256::digest(bytes).to_vec() }
}

fn status(refused: Result<Upload, Error>) -> StatusCode {
    match refused.unwrap_err() {
        Error::Refused(error) => error.status,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_came_before_the_line_broke_is_kept() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let bytes = pattern(3_500_000);
        let upload = stand.create(ann(), 3_500_000).await.unwrap().id;
        assert_eq!(stand.offset(upload).await, 0);
        let mut at = 0;
        for end in [1, 900_000, 900_001, 2_400_000] {
            let broken = stand.append(upload, at, cut(&bytes[at as usize..end])).await;
            assert_eq!(status(broken), StatusCode::BAD_REQUEST);
            at = stand.offset(upload).await;
            assert_eq!(at, end as u64);
        }
        // Neither from before nor from behind where it is.
        for wrong in [at - 1, at + 1, 0, u64::MAX] {
            let refused = stand.append(upload, wrong, pieces(b"x")).await;
            assert_eq!(status(refused), StatusCode::CONFLICT);
        }
        let done = stand.append(upload, at, pieces(&bytes[at as usize..])).await.unwrap();
        assert_eq!(done.offset_bytes, 3_500_000);
        assert!(stand.bytes(upload) == bytes);
        let listed = stand.service.uploads(ann()).await.unwrap().uploads;
        assert!(listed.len() == 1 && listed[0].is_complete);
    }
}

#[tokio::test]
async fn a_piece_is_kept_whole_or_not_at_all_where_it_has_a_checksum() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let bytes = pattern(2_000_000);
        let (head, tail) = bytes.split_at(1_200_000);
        let upload = stand.create(ann(), 2_000_000).await.unwrap().id;
        let append = async |at, sum: Checksum, broken: bool, piece: &[u8]| {
            let service = &stand.service;
            if broken {
                service.append(ann(), upload, at, Some(&sum), cut(piece)).await
            } else {
                service.append(ann(), upload, at, Some(&sum), pieces(piece)).await
            }
        };
        assert_eq!(status(append(0, sha256(tail), false, head).await).as_u16(), 460);
        assert_eq!(stand.offset(upload).await, 0);
        assert_eq!(status(append(0, sha256(head), true, &head[..9]).await), 400);
        assert_eq!(stand.offset(upload).await, 0);
        assert_eq!(append(0, sha256(head), false, head).await.unwrap().offset_bytes, 1_200_000);
        let sha1 = Checksum { algorithm: Algorithm::Sha1, digest: vec![0; 20] };
        assert_eq!(status(append(1_200_000, sha1, false, tail).await).as_u16(), 460);
        assert_eq!(
            append(1_200_000, sha256(tail), false, tail).await.unwrap().offset_bytes,
            2_000_000
        );
        assert!(stand.bytes(upload) == bytes);
    }
}

/// A process that is killed while a piece with a checksum comes in has bytes in the file that
/// nobody compared.
#[tokio::test]
async fn a_crash_leaves_nothing_unproven() {
    for db in testing::databases().await {
        let mut stand = Stand::start(db).await;
        let bytes = pattern(3_000_000);
        let upload = stand.create(ann(), 3_000_000).await.unwrap().id;
        stand.append(upload, 0, cut(&bytes[..500_000])).await.unwrap_err();
        let endless = pieces(&bytes[500_000..2_900_000]).chain(stream::pending());
        let service = stand.service.clone();
        let killed = tokio::spawn(async move {
            service.append(ann(), upload, 500_000, Some(&sha256(b"?")), endless).await
        });
        // Two writes of a good megabyte each are all that is written of it.
        while stand.n_bytes(upload) < 2_600_000 {
            tokio::task::yield_now().await;
        }
        killed.abort();
        let _ = killed.await;
        stand.restart().await;
        let listed = stand.service.uploads(ann()).await.unwrap().uploads;
        assert_eq!(listed[0].offset_bytes, 500_000);
        assert_eq!(stand.offset(upload).await, 500_000);
        let whole = stand.append(upload, 500_000, pieces(&bytes[500_000..])).await.unwrap();
        assert_eq!(whole.offset_bytes, 3_000_000);
        assert!(stand.bytes(upload) == bytes);
    }
}

/// Killed after the last byte and before the row was written: nobody sends that byte again.
#[tokio::test]
async fn a_file_that_is_whole_is_complete_whatever_happened_since() {
    for db in testing::databases().await {
        let mut stand = Stand::start(db).await;
        let upload = stand.create(ann(), 4).await.unwrap().id;
        fs::write(stand.path(upload), "fLaC").unwrap();
        stand.restart().await;
        assert_eq!(stand.offset(upload).await, 4);
        assert!(stand.service.uploads(ann()).await.unwrap().uploads[0].is_complete);
    }
}

/// A request is dropped when its line breaks; the thread that writes for it is not.
#[tokio::test]
async fn nobody_writes_beside_another() {
    let stand = Stand::start(testing::sqlite().await).await;
    let bytes = pattern(20_000_000);
    let upload = stand.create(ann(), 20_000_000).await.unwrap().id;
    let mut at = 0;
    while at < bytes.len() {
        let service = stand.service.clone();
        let rest = pieces(&bytes[at..]);
        let dropped =
            tokio::spawn(async move { service.append(ann(), upload, at as u64, None, rest).await });
        loop {
            let is_finished = dropped.is_finished();
            if stand.n_bytes(upload) > at {
                break;
            }
            assert!(!is_finished, "nothing was written");
            tokio::task::yield_now().await;
        }
        dropped.abort();
        at = usize::try_from(stand.offset(upload).await).unwrap();
        assert!(stand.bytes(upload) == bytes[..at]);
    }
}

#[tokio::test]
async fn who_stops_keeps_what_came() {
    let stand = Stand::start(testing::sqlite().await).await;
    let upload = stand.create(ann(), 2_000_000).await.unwrap().id;
    let silent = pieces(&pattern(1_500_000)).chain(stream::pending());
    let service = stand.service.clone();
    let sending = tokio::spawn(async move { service.append(ann(), upload, 0, None, silent).await });
    while stand.n_bytes(upload) == 0 {
        tokio::task::yield_now().await;
    }
    stand.service.stop();
    assert_eq!(status(sending.await.unwrap()), StatusCode::SERVICE_UNAVAILABLE);
    let n_bytes = stand.n_bytes(upload);
    assert!(n_bytes >= 1024 * 1024, "what was being written is whole: {n_bytes}");
    assert_eq!(stand.offset(upload).await, n_bytes as u64);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_the_server_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let stand = Stand::start(testing::sqlite().await).await;
    let upload = stand.create(ann(), 10).await.unwrap().id;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&stand.path(upload)), 0o600);
    assert_eq!(mode(&stand.folder.path().join("uploads")), 0o700);
}

#[tokio::test]
async fn who_comes_back_takes_over() {
    let stand = Stand::start(testing::sqlite().await).await;
    let bytes = pattern(2_000_000);
    let upload = stand.create(ann(), 2_000_000).await.unwrap().id;
    let silent = pieces(&bytes[..700_000]).chain(stream::pending());
    let service = stand.service.clone();
    let first = tokio::spawn(async move { service.append(ann(), upload, 0, None, silent).await });
    tokio::task::yield_now().await;
    // Its client has lost that line, and asks by another one.
    let mut at = stand.offset(upload).await;
    while at == 0 && !first.is_finished() {
        at = stand.offset(upload).await;
    }
    assert_eq!(status(first.await.unwrap()), StatusCode::BAD_REQUEST);
    at = stand.offset(upload).await;
    stand.append(upload, at, pieces(&bytes[at as usize..])).await.unwrap();
    assert!(stand.bytes(upload) == bytes);
}

#[tokio::test]
async fn more_than_was_announced_is_refused() {
    let stand = Stand::start(testing::sqlite().await).await;
    let upload = stand.create(ann(), 100_000).await.unwrap().id;
    let refused = stand.append(upload, 0, pieces(&pattern(100_001))).await;
    assert_eq!(status(refused), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(stand.offset(upload).await, 0);
    stand.append(upload, 0, pieces(&pattern(100_000))).await.unwrap();
    // Once more changes nothing.
    stand.append(upload, 100_000, pieces(b"more")).await.unwrap();
    assert!(stand.bytes(upload) == pattern(100_000));
    let nothing = stand.create(ann(), 0).await.unwrap();
    assert_eq!((nothing.length_bytes, stand.offset(nothing.id).await), (0, 0));
}

#[tokio::test]
async fn uploads_are_their_creators_alone() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let upload = stand.create(ann(), 10).await.unwrap().id;
        let service = &stand.service;
        assert_eq!(status(service.view(bob(), upload).await), StatusCode::NOT_FOUND);
        let appended = service.append(bob(), upload, 0, None, pieces(b"x")).await;
        assert_eq!(status(appended), StatusCode::NOT_FOUND);
        assert!(service.delete(bob(), upload).await.is_err());
        assert!(service.uploads(bob()).await.unwrap().uploads.is_empty());
        assert_eq!(stand.offset(upload).await, 0);

        service.subject_erase(ann()).await.unwrap();
        assert_eq!(status(service.view(ann(), upload).await), StatusCode::NOT_FOUND);
        assert_eq!(fs::read_dir(stand.folder.path().join("uploads")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_creator_has_so_much_place_and_gets_it_back() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let first = stand.create(ann(), 40_000_000).await.unwrap();
        let refused = stand.create(ann(), 20_000_001).await;
        assert_eq!(status(refused), StatusCode::PAYLOAD_TOO_LARGE);
        stand.create(bob(), 50_000_000).await.unwrap();
        // Two at once do not both get the last place.
        let both = tokio::join!(stand.create(ann(), 15_000_000), stand.create(ann(), 15_000_000));
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|ok| **ok).count(), 1);
        stand.service.delete(ann(), first.id).await.unwrap();
        stand.create(ann(), 20_000_001).await.unwrap();
    }
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_dropped() {
    for db in testing::databases().await {
        let mut stand = Stand::start(db).await;
        let left = stand.create(ann(), 10).await.unwrap();
        let used = stand.create(ann(), 10).await.unwrap().id;
        let slow = stand.create(ann(), 10).await.unwrap();
        stand.now_us.fetch_add(6 * DAY_US, Ordering::Relaxed);
        let later = stand.append(used, 0, pieces(b"x")).await.unwrap();
        assert!(later.expires_at_us > left.expires_at_us);
        // What comes in while its time would be over has more of it.
        let (service, slow_id) = (stand.service.clone(), slow.id);
        let endless = pieces(b"x").chain(stream::pending());
        let sending =
            tokio::spawn(async move { service.append(ann(), slow_id, 0, None, endless).await });
        let expiry = async || {
            let listed = stand.service.uploads(ann()).await.unwrap().uploads;
            listed.iter().find(|entry| entry.id == slow.id).unwrap().expires_at_us
        };
        while expiry().await == slow.expires_at_us {
            assert!(!sending.is_finished());
        }
        stand.now_us.fetch_add(2 * DAY_US, Ordering::Relaxed);
        assert_eq!(status(stand.service.view(ann(), left.id).await), StatusCode::GONE);
        assert_eq!(stand.service.sweep().await.unwrap(), 1);
        assert!(!sending.is_finished());
        sending.abort();
        assert_eq!(status(stand.service.view(ann(), left.id).await), StatusCode::NOT_FOUND);
        assert_eq!(stand.offset(used).await, 1);

        // A file that no row knows is what is left of a delete that was cut off.
        let stray = UploadId::new(7, [7; 10]).to_string();
        fs::write(stand.folder.path().join("uploads").join(&stray), "x").unwrap();
        fs::write(stand.folder.path().join("uploads/notes.txt"), "not ours").unwrap();
        stand.restart().await;
        assert!(!stand.folder.path().join("uploads").join(&stray).exists());
        assert!(stand.folder.path().join("uploads/notes.txt").exists());
        assert_eq!(stand.offset(used).await, 1);
    }
}

/// What the rest of the server needs of the disk is not taken by files: neither promised to a new
/// one, nor taken by one that is under way.
#[tokio::test]
async fn the_disk_is_left_its_room() {
    let mut stand = Stand::start(testing::sqlite().await).await;
    let begun = stand.create(ann(), 100_000).await.unwrap().id;
    stand.append(begun, 0, pieces(&pattern(40_000))).await.unwrap();
    assert_eq!(stand.offset(begun).await, 40_000);

    stand.restart_leaving(Some(u64::MAX)).await;
    for refused in
        [stand.create(ann(), 1).await, stand.append(begun, 40_000, pieces(&pattern(60_000))).await]
    {
        let told = ApiError::from(refused.unwrap_err());
        assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(told.message.contains("disk"), "{}", told.message);
    }
    assert_eq!(stand.n_bytes(begun), 40_000);
    assert_eq!(stand.service.uploads(ann()).await.unwrap().uploads.len(), 1);

    // Unless somebody says otherwise, there is room on the disk of a machine that runs tests.
    stand.restart_leaving(None).await;
    stand.append(begun, 40_000, pieces(&pattern(60_000))).await.unwrap();
    assert_eq!(stand.offset(begun).await, 100_000);
}
