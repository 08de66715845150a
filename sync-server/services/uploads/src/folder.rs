//! The files that are coming in: one per upload, named by its id and nothing else, and for nobody
//! on the machine but the server.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::PathBuf,
    str::FromStr as _,
};

use bytes::Bytes;
use domain::UploadId;
use sha1::Digest as _;

use crate::{turns::Held, tus::Algorithm};

/// Left free on the disk where nobody said how much: so many bytes, or this share of a small disk.
const FREE_BYTES_MIN: u64 = 1_000_000_000;
const FREE_SHARE: u64 = 20;

/// The folder. All of it blocks, and belongs on a thread for that.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Left free on the disk for the rest of the server.
    free_bytes_min: Option<u64>,
}

impl Folder {
    /// Makes it where it is missing.
    pub fn open(path: PathBuf, free_bytes_min: Option<u64>) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self { path, free_bytes_min })
    }

    /// Refuses what the disk has no room for, as the system does where it is full. Whoever fills
    /// the disk with files takes the database its room.
    #[cfg(unix)]
    pub fn check_room(&self, n_bytes: u64) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.path)?;
        let small = disk.f_frsize.saturating_mul(disk.f_blocks) / FREE_SHARE;
        let free_bytes_min = self.free_bytes_min.unwrap_or(FREE_BYTES_MIN.min(small));
        let free_bytes = disk.f_frsize.saturating_mul(disk.f_bavail);
        if free_bytes < free_bytes_min.saturating_add(n_bytes) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub fn check_room(&self, _n_bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn path_of(&self, upload: UploadId) -> PathBuf {
        self.path.join(upload.to_string())
    }

    /// Makes an empty file, known to the disk, where there is room for what will be in it.
    pub fn create(&self, upload: UploadId, length_bytes: u64) -> io::Result<()> {
        self.check_room(length_bytes)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path_of(upload))?;
        #[cfg(unix)]
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }

    /// How much there is; `None` where there is no file.
    pub fn size_bytes(&self, upload: UploadId) -> io::Result<Option<u64>> {
        match fs::metadata(self.path_of(upload)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets what is behind `size_bytes`, for good: whatever is written down about the upload
    /// afterwards takes it for gone.
    pub fn truncate(&self, upload: UploadId, size_bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path_of(upload))?;
        file.set_len(size_bytes)?;
        file.sync_all()
    }

    /// What is not there is deleted already.
    pub fn delete(&self, upload: UploadId) -> io::Result<()> {
        match fs::remove_file(self.path_of(upload)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Ids of all files here. What is not named by an id is not ours.
    pub fn uploads(&self) -> io::Result<Vec<UploadId>> {
        let mut uploads = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            uploads.extend(entry?.file_name().to_str().and_then(|it| UploadId::from_str(it).ok()));
        }
        Ok(uploads)
    }
}

/// A file that is written to at its end.
pub struct Part {
    folder: Folder,
    file: File,
    hasher: Option<Hasher>,
    /// A write that was begun is not called back when the request that wanted it is dropped. The
    /// next one waits for it all the same.
    _held: Held,
}

impl Part {
    pub fn open(
        folder: &Folder,
        upload: UploadId,
        algorithm: Option<Algorithm>,
        held: Held,
    ) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(folder.path_of(upload))?;
        let (folder, hasher) = (folder.clone(), algorithm.map(Hasher::new));
        Ok(Self { folder, file, hasher, _held: held })
    }

    pub fn append(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        self.folder.check_room(pieces.iter().map(|piece| piece.len() as u64).sum())?;
        for piece in pieces {
            self.file.write_all(piece)?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(piece);
            }
        }
        Ok(())
    }

    /// Waits for the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// What was appended adds up to; `None` where nobody asked for it.
    pub fn digest(&mut self) -> Option<Vec<u8>> {
        self.hasher.take().map(Hasher::finish)
    }
}

enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Digest::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Sha256(hasher) => sha2::Digest::update(hasher, bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hasher) => hasher.finalize().to_vec(),
            Self::Sha256(hasher) => sha2::Digest::finalize(hasher).to_vec(),
        }
    }
}
