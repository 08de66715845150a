//! The picture of who is signed in.
//!
//! It is about a person: it is kept in memory while it is shown, and never on this device's disk.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::AccountId;
use ipc::Fault;
use tokio::sync::Mutex;

use crate::{
    CoverImage, Facade,
    covers::image,
    fault,
    server::{Request, Server},
};

/// Largest picture that is sent, in bytes; servers take 5 MB.
const PICTURE_BYTES_MAX: usize = 4_000_000;

/// The picture that was shown last. The lock is held while it is fetched: whoever else wants it
/// waits for the same.
#[derive(Default)]
pub(crate) struct AvatarKept(Mutex<Option<(Which, CoverImage)>>);

/// Whose picture, and which of theirs.
#[derive(Clone, PartialEq, Eq)]
struct Which {
    account: AccountId,
    id: String,
}

impl Facade {
    /// The picture of who is signed in, by the id in `ipc::AccountView`.
    pub async fn avatar(&self, id: &str) -> Result<CoverImage, Fault> {
        let account = self.inner.server.view().await.account.ok_or_else(fault::signed_out)?;
        let which = Which { account: account.id, id: id.to_owned() };
        if account.avatar.as_ref() != Some(&which.id) {
            return Err(fault::not_found("There is no such picture."));
        }
        let mut kept = self.inner.avatar.0.lock().await;
        if let Some((_, image)) = kept.as_ref().filter(|(kept, _)| *kept == which) {
            return Ok(image.clone());
        }
        let image = fetch(&self.inner.server, which.account).await?;
        *kept = Some((which, image.clone()));
        Ok(image)
    }
}

async fn fetch(server: &Server, account: AccountId) -> Result<CoverImage, Fault> {
    let path = format!("/accounts/{account}/avatar");
    let answer = server.send(&Request::get(&path)).await?;
    image(server, answer).await
}

/// The bytes of a picture to be sent, from base64.
pub(crate) fn picture(base64: &str) -> Result<Vec<u8>, Fault> {
    let too_large = || fault::invalid("The picture is too large.", "Choose a smaller one.");
    if base64.len() / 4 * 3 > PICTURE_BYTES_MAX {
        return Err(too_large());
    }
    let bytes = STANDARD.decode(base64);
    bytes.map_err(|_| fault::invalid("This is no picture.", "Choose another file."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_bounds() {
        assert_eq!(picture("aGk=").unwrap(), b"hi");
        assert!(picture("no base64").is_err());
        assert!(picture(&"a".repeat(6_000_000)).is_err());
    }
}
