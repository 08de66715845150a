//! Keeping and reading blobs.

use std::{ops::Range, path::Path, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, local::LocalFileSystem,
};

use crate::{error::Error, id::BlobId};

/// Largest blob that is kept.
pub const SIZE_BYTES_MAX: u64 = 64 << 20;

/// Immutable bytes by the hash of their content. Cloning shares the store.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Blobs in a local folder, which is made where it is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        let open = || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
            std::fs::create_dir_all(folder)?;
            Ok(LocalFileSystem::new_with_prefix(folder)?)
        };
        open()
            .map(|store| Self::over(Arc::new(store)))
            .map_err(|source| Error::Open { folder: folder.to_owned(), source })
    }

    /// Blobs in any store.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Keeps bytes and says under which name. Putting what is there already is free of effect;
    /// a copy that a crash or a fault cut short is replaced.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobId, Error> {
        let size_bytes = bytes.len() as u64;
        if size_bytes > SIZE_BYTES_MAX {
            return Err(Error::TooLarge { size_bytes });
        }
        let id = BlobId::of(&bytes);
        if self.create(id, bytes.clone()).await? {
            return Ok(id);
        }
        if self.size_bytes(id).await? == Some(size_bytes) {
            return Ok(id);
        }
        self.delete(id).await?;
        self.create(id, bytes).await?;
        Ok(id)
    }

    /// False where something is there already.
    async fn create(&self, id: BlobId, bytes: Bytes) -> Result<bool, Error> {
        let location = id.location();
        match self.store.put_opts(&location, bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(Error::store("put", id, source)),
        }
    }

    /// The whole blob, checked against its hash.
    pub async fn get(&self, id: BlobId) -> Result<Bytes, Error> {
        let failed = |source| Error::store("get", id, source);
        let found = self.store.get(&id.location()).await.map_err(failed)?;
        if found.meta.size > SIZE_BYTES_MAX {
            return Err(Error::Damaged(id));
        }
        let bytes = found.bytes().await.map_err(failed)?;
        if BlobId::of(&bytes) == id { Ok(bytes) } else { Err(Error::Damaged(id)) }
    }

    /// Bytes `range.start..range.end` of the blob, all of them.
    pub async fn get_range(&self, id: BlobId, range: Range<u64>) -> Result<Bytes, Error> {
        let size_bytes = self.size_bytes(id).await?.ok_or(Error::NotFound(id))?;
        if range.start > range.end || range.end > size_bytes {
            return Err(Error::OutOfRange { id, start: range.start, end: range.end });
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let bytes = self.store.get_range(&id.location(), range).await;
        bytes.map_err(|source| Error::store("get a range of", id, source))
    }

    /// The blob from byte `start` on, piece by piece: never more than a piece in memory. Not
    /// checked against the hash.
    pub async fn stream(
        &self,
        id: BlobId,
        start: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let size_bytes = self.size_bytes(id).await?.ok_or(Error::NotFound(id))?;
        if start > size_bytes {
            return Err(Error::OutOfRange { id, start, end: size_bytes });
        }
        if start == size_bytes {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Offset(start)), ..GetOptions::default() };
        let failed = move |source| Error::store("stream", id, source);
        let found = self.store.get_opts(&id.location(), options).await.map_err(failed)?;
        Ok(found.into_stream().map(move |piece| piece.map_err(failed)).boxed())
    }

    /// The blob's size; `None` where it is not there.
    pub async fn size_bytes(&self, id: BlobId) -> Result<Option<u64>, Error> {
        match self.store.head(&id.location()).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(Error::store("look for", id, source)),
        }
    }

    /// Removes a blob; one that is not there is removed already.
    pub async fn delete(&self, id: BlobId) -> Result<(), Error> {
        match self.store.delete(&id.location()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(Error::store("delete", id, source)),
        }
    }
}
