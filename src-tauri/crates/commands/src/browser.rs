//! The way through the system's browser and back (RFC 8252): to an address that a server names,
//! and back to one of this machine, with a code that is of use to nobody else (PKCE, RFC 7636).
//!
//! One journey at a time: whoever sets out calls off the one before.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::sign_in::Loopback;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ipc::Fault;
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use url::{Host, Url};

use crate::{clock::blocking, fault};

mod landing;

/// Longest address that is opened, in bytes.
const ADDRESS_BYTES_MAX: usize = 8_192;

type Open = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// The system's browser.
#[derive(Clone)]
pub struct Browser {
    open: Arc<Open>,
    returned: Arc<dyn Fn() + Send + Sync>,
}

impl Browser {
    /// `open` shows an address, or says why it cannot; `returned` is told when the browser has
    /// brought what was waited for, so that the app may come to the front.
    pub fn new(
        open: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
        returned: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { open: Arc::new(open), returned: Arc::new(returned) }
    }

    /// Where there is none.
    pub fn none() -> Self {
        Self::new(|_| Err("there is no browser".into()), || {})
    }

    /// Opens an address on the web; nothing else is ever given to the system.
    pub(crate) async fn open(&self, url: Url) -> Result<(), Fault> {
        if !is_safe(&url) {
            tracing::warn!(scheme = url.scheme(), "an address was not given to the browser");
            return Err(fault::other(
                "The server sends the browser to an address that is not safe to open.",
                "Tell whoever runs the server.",
            ));
        }
        let open = Arc::clone(&self.open);
        blocking(move || open(url.as_str())).await.map_err(|error| {
            tracing::warn!(error, "the browser was not opened");
            fault::other(
                "Your browser cannot be opened.",
                "Choose a browser in the settings of your system, then try again.",
            )
        })
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Browser").finish_non_exhaustive()
    }
}

/// Whether it is a page, reached where nobody listens in: on the web over TLS, or on a machine in
/// one's own house, as servers without a certificate are.
fn is_safe(url: &Url) -> bool {
    let is_near = match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.ends_with(".localhost") || !name.contains('.')
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        None => false,
    };
    let is_web = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_near,
        _ => false,
    };
    is_web
        && url.username().is_empty()
        && url.password().is_none()
        && url.as_str().len() <= ADDRESS_BYTES_MAX
}

/// Sends the listener on journeys.
pub(crate) struct Journeys {
    pub browser: Browser,
    /// How long one may take.
    patience: Duration,
    /// Dropped to call off the one that is on.
    on: Mutex<Option<oneshot::Sender<()>>>,
}

/// One that is about to begin.
pub(crate) struct Journey {
    listener: TcpListener,
    /// Where it ends.
    pub loopback: Loopback,
    verifier: String,
    called_off: oneshot::Receiver<()>,
}

/// What a journey brought.
pub(crate) enum Outcome {
    Code(Proof),
    /// Why there is no code, in a word of `api::sign_in::Loopback`.
    Refused(String),
    CalledOff,
}

/// What a session is given for.
pub(crate) struct Proof {
    pub code: String,
    pub verifier: String,
}

impl Journeys {
    pub fn new(browser: Browser, patience: Duration) -> Self {
        Self { browser, patience, on: Mutex::default() }
    }

    /// Prepares a journey; the one before is off.
    pub async fn prepare(&self) -> Result<Journey, Fault> {
        let (on, called_off) = oneshot::channel();
        *self.on.lock().unwrap_or_else(PoisonError::into_inner) = Some(on);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| not_bound(&error))?;
        let address = listener.local_addr().map_err(|error| not_bound(&error))?;
        let verifier = random();
        let loopback = Loopback {
            redirect_uri: format!("http://{address}{}", landing::PATH),
            state: random(),
            code_challenge: challenge(&verifier),
        };
        Ok(Journey { listener, loopback, verifier, called_off })
    }

    /// Asks where to go, goes there and waits for what comes back.
    pub async fn go(
        &self,
        journey: Journey,
        destination: impl Future<Output = Result<Url, Fault>>,
    ) -> Result<Outcome, Fault> {
        let Journey { listener, loopback, verifier, called_off } = journey;
        let way = async {
            self.browser.open(destination.await?).await?;
            let landed = landing::wait(&listener, &loopback.state);
            let landed = timeout(self.patience, landed).await.map_err(|_| too_late())?;
            (self.browser.returned)();
            Ok(match landed {
                Ok(code) => Outcome::Code(Proof { code, verifier }),
                Err(word) => Outcome::Refused(word),
            })
        };
        tokio::select! {
            biased;
            // Told by its being dropped.
            _ = called_off => Ok(Outcome::CalledOff),
            outcome = way => outcome,
        }
    }

    /// Calls off the journey that is on, if one is.
    pub fn call_off(&self) {
        self.on.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn not_bound(error: &std::io::Error) -> Fault {
    tracing::error!(%error, "no address to come back to");
    fault::other(
        "The browser would not find its way back to MelodyUD.",
        "Start MelodyUD again, or sign in with your password.",
    )
}

fn too_late() -> Fault {
    fault::other("Nothing came back from the browser.", "Try again, or sign in another way.")
}

/// 32 random bytes as text, from which nobody finds them by trying.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// `S256` of RFC 7636, section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_the_hash_of_its_verifier() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(random().len(), 43);
    }

    #[test]
    fn only_pages_are_given_to_the_system() {
        let is_safe = |url: &str| is_safe(&url.parse().unwrap());
        for good in [
            "https://id.example/authorize?a=b#c",
            "http://localhost:4600/account/sign-in",
            "http://127.0.0.1:4600/",
            "http://[::1]:4600/",
            "http://192.168.1.4:4600/",
            "http://music:4600/",
        ] {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "http://id.example/authorize",
            "http://203.0.113.4/",
            "https://ann@id.example/",
            "https://:secret@id.example/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "smb://192.168.1.4/share",
            "mailto:ann@example.org",
            &format!("https://id.example/{}", "a".repeat(9_000)),
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
