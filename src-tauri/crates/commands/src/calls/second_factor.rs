//! The second factor of who is signed in, as the server has it.

use std::fmt::Write as _;

use api::mfa as http;
use ipc::{AppSecret, Fault, SecondFactor};
use qrcodegen::{QrCode, QrCodeEcc};

use crate::{Facade, fault, server::Request};

impl Facade {
    pub async fn second_factor_view(
        &self,
        _call: ipc::SecondFactorGet,
    ) -> Result<SecondFactor, Fault> {
        let view: http::MfaView = self.inner.server.json(Request::get("/mfa")).await?;
        Ok(SecondFactor {
            is_app_on: view.is_totp_on,
            is_passkey_on: view.is_passkey_on,
            n_recovery_codes: view.n_recovery_codes,
        })
    }

    pub async fn second_factor_start(
        &self,
        _call: ipc::SecondFactorStart,
    ) -> Result<AppSecret, Fault> {
        // Apps list it by the address, as people know their accounts.
        let account = self.inner.server.view().await.account.ok_or_else(fault::signed_out)?;
        let body = http::TotpStart { label: account.email };
        let secret: http::TotpSecret =
            self.inner.server.json(Request::post("/mfa/totp", &body)?).await?;
        let (qr_size, qr_path) = qr(&secret.uri)?;
        Ok(AppSecret { secret: secret.secret, qr_size, qr_path })
    }

    pub async fn second_factor_confirm(
        &self,
        call: ipc::SecondFactorConfirm,
    ) -> Result<Vec<String>, Fault> {
        let body = http::TotpConfirm { code: call.code };
        let codes: http::RecoveryCodes =
            self.inner.server.json(Request::post("/mfa/totp/confirm", &body)?).await?;
        Ok(codes.codes)
    }

    pub async fn second_factor_disable(&self, call: ipc::SecondFactorDisable) -> Result<(), Fault> {
        let body = http::TotpDisable { code: call.code };
        self.inner.server.send(&Request::post("/mfa/totp/disable", &body)?).await.map(drop)
    }

    pub async fn second_factor_passkey_enable(
        &self,
        _call: ipc::SecondFactorPasskeyEnable,
    ) -> Result<Vec<String>, Fault> {
        let request = Request::post_empty("/mfa/passkey");
        let codes: http::RecoveryCodes = self.inner.server.json(request).await?;
        Ok(codes.codes)
    }

    pub async fn second_factor_passkey_disable(
        &self,
        _call: ipc::SecondFactorPasskeyDisable,
    ) -> Result<(), Fault> {
        self.inner.server.send(&Request::delete("/mfa/passkey")).await.map(drop)
    }

    pub async fn second_factor_recovery_renew(
        &self,
        _call: ipc::SecondFactorRecoveryRenew,
    ) -> Result<Vec<String>, Fault> {
        let request = Request::post_empty("/mfa/recovery");
        let codes: http::RecoveryCodes = self.inner.server.json(request).await?;
        Ok(codes.codes)
    }
}

/// Side and SVG path of the QR code of a text.
fn qr(text: &str) -> Result<(u32, String), Fault> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| {
        fault::other("The code for the app cannot be drawn.", "Type the secret instead.")
    })?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            write!(path, "M{x} {y}h1v1h-1z").expect("writing to a String cannot fail");
        }
    }
    Ok((code.size().unsigned_abs(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_a_code_are_dark() {
        let (size, path) = qr("otpauth://totp/MelodyUD:ann?secret=GEZDGNBVGY3TQOJQ").unwrap();
        assert!(size >= 21, "{size}");
        let last = size - 1;
        for corner in ["M0 0h".to_owned(), format!("M{last} 0h"), format!("M0 {last}h")] {
            assert!(path.contains(&corner), "{corner}");
        }
        assert!(qr(&"x".repeat(5_000)).is_err());
    }
}
