//! What can go wrong.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {operation} the file of an archive")]
    File {
        operation: &'static str,
        #[source]
        source: std::io::Error,
    },

    #[error("cannot make the ZIP of an archive")]
    Zip(#[from] zip::result::ZipError),

    #[error("the file of an archive does not open: it was changed, or is of another")]
    Sealed,
}

impl Error {
    pub(crate) fn file(operation: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { operation, source }
    }
}
