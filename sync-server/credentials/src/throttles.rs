//! How fast credentials may be tried. Whoever is right gets the attempt back.

use std::net::IpAddr;

use domain::{DeviceId, SessionId};
use web::{
    ApiError,
    throttle::{Rate, Throttle},
};

/// An IPv6 network counts as one address: its members are free to choose among them.
pub type Address = Option<IpAddr>;

/// How fast credentials may be tried, by whom and at whom.
pub struct Throttles {
    pub sign_up: Throttle<Address>,
    pub sign_in_from: Throttle<Address>,
    /// One guesser at one account.
    pub sign_in_pair: Throttle<(Address, String)>,
    /// Many guessers at one account.
    pub sign_in_to: Throttle<String>,
    /// A device that the account knows, which has attempts of its own: no guesser elsewhere, nor
    /// beside it in its network, keeps it out.
    pub sign_in_on: Throttle<(String, DeviceId)>,
    pub refresh_from: Throttle<Address>,
    pub refresh_of: Throttle<SessionId>,
    /// Links in mails, asked for and used.
    pub link_from: Throttle<Address>,
    /// Mails to one address: nobody's box is to be filled by others.
    pub mail_to: Throttle<String>,
}

impl Throttles {
    pub fn new() -> Self {
        let keys_max = 100_000;
        let throttle_rate = Rate::per_minute;
        Self {
            sign_up: Throttle::new(throttle_rate(300, 100), keys_max),
            sign_in_from: Throttle::new(throttle_rate(300, 100), keys_max),
            sign_in_pair: Throttle::new(throttle_rate(10, 10), keys_max),
            sign_in_to: Throttle::new(throttle_rate(100, 30), keys_max),
            sign_in_on: Throttle::new(throttle_rate(10, 10), keys_max),
            refresh_from: Throttle::new(throttle_rate(1_000, 600), keys_max),
            refresh_of: Throttle::new(throttle_rate(60, 30), keys_max),
            link_from: Throttle::new(throttle_rate(60, 20), keys_max),
            mail_to: Throttle::new(Rate { n_burst: 3, cost_us: 20 * 60 * 1_000_000 }, keys_max),
        }
    }
}

impl Throttles {
    /// Takes an attempt to sign in by an address, as it is looked up, on a device that its account
    /// knows or on any other.
    pub fn sign_in(
        &self,
        email: &str,
        from: Address,
        known_device: Option<DeviceId>,
        now_us: i64,
    ) -> Result<(), ApiError> {
        if let Some(device) = known_device {
            return self.sign_in_on.take((email.to_owned(), device), now_us);
        }
        self.sign_in_from.take(from, now_us)?;
        self.sign_in_pair.take((from, email.to_owned()), now_us)?;
        self.sign_in_to.take(email.to_owned(), now_us)
    }

    /// Gives it back to who was right.
    pub fn signed_in(&self, email: &str, from: Address, known_device: Option<DeviceId>) {
        if let Some(device) = known_device {
            return self.sign_in_on.give_back(&(email.to_owned(), device));
        }
        self.sign_in_from.give_back(&from);
        self.sign_in_pair.give_back(&(from, email.to_owned()));
        self.sign_in_to.give_back(&email.to_owned());
    }
}

impl Default for Throttles {
    fn default() -> Self {
        Self::new()
    }
}
