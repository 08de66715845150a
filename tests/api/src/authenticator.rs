//! An authenticator in software (WebAuthn Level 3, section 6) with the browser around it: it does
//! what the standard says, and what an attacker would do.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// One passkey on one device. A clone is a device that has copied it.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pub key: SigningKey,
    pub id: [u8; 32],
    pub user_handle: Vec<u8>,
    pub counter: u32,
    /// Where the browser is.
    pub origin: String,
    pub rp_id: String,
    pub is_user_verified: bool,
}

impl Authenticator {
    pub fn new(origin: &str, rp_id: &str) -> Self {
        Self {
            key: SigningKey::from_bytes(&rand::random()),
            id: rand::random(),
            user_handle: Vec::new(),
            counter: 0,
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            is_user_verified: true,
        }
    }

    /// What `navigator.credentials.create` answers to `options`.
    pub fn create(&mut self, options: &Value) -> anyhow::Result<Value> {
        let handle = options["user"]["id"].as_str().context("the user has an id")?;
        self.user_handle = URL_SAFE_NO_PAD.decode(handle)?;
        let client_data = client_data(&self.origin, "webauthn.create", options);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(self.id);
        // COSE: an octet key pair (1: 1) for EdDSA (3: -8) on Ed25519 (-1: 6) with its x (-2).
        data.extend([0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20]);
        data.extend(self.key.verifying_key().to_bytes());
        let mut attestation = vec![0xa3];
        attestation.extend(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x58");
        attestation.push(u8::try_from(data.len())?);
        attestation.extend(&data);
        Ok(self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
            "transports": ["internal"],
        })))
    }

    /// What `navigator.credentials.get` answers to `options`.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += 1;
        let client_data = client_data(&self.origin, "webauthn.get", options);
        let data = self.data(0);
        let hash = Sha256::digest(&client_data);
        let signature = self.key.sign(&[&data[..], &hash].concat());
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
            "userHandle": URL_SAFE_NO_PAD.encode(&self.user_handle),
        }))
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.is_user_verified { USER_VERIFIED } else { 0 };
        let mut data = Sha256::digest(&self.rp_id).to_vec();
        data.push(flags | USER_PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn answer(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }
}

/// What the browser says of a ceremony, as it is signed.
fn client_data(origin: &str, kind: &str, options: &Value) -> String {
    json!({
        "type": kind,
        "challenge": options["challenge"],
        "origin": origin,
        "crossOrigin": false,
    })
    .to_string()
}
