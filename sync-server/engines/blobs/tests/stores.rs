//! Each store passes the one suite; a local folder also heals what a crash left behind.

use std::sync::Arc;

use bytes::Bytes;
use engine_blobs::{Blobs, Error, conformance};
use object_store::memory::InMemory;

#[tokio::test]
async fn local_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check(&Blobs::in_folder(&folder.path().join("made/on/the/way")).unwrap()).await;
}

#[tokio::test]
async fn any_object_store_conforms() {
    conformance::check(&Blobs::over(Arc::new(InMemory::new()))).await;
}

#[tokio::test]
async fn damage_is_noticed_and_a_cut_blob_is_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_folder(folder.path()).unwrap();
    let bytes = Bytes::from_static(b"all of it");
    let id = blobs.put(bytes.clone()).await.unwrap();
    let name = id.to_string();
    let path = folder.path().join(&name[..2]).join(&name[2..]);

    std::fs::write(&path, b"all of").unwrap();
    assert!(matches!(blobs.get(id).await, Err(Error::Damaged(_))));
    blobs.put(bytes.clone()).await.unwrap();
    assert_eq!(blobs.get(id).await.unwrap(), bytes);

    std::fs::write(&path, b"all of is").unwrap();
    assert!(matches!(blobs.get(id).await, Err(Error::Damaged(_))));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("below-a-file");
    let error = Blobs::in_folder(&folder).unwrap_err();
    assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
}
