//! How many connections there may be, in all and from one address.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use crate::network;

/// The places for connections.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    n_per_address_max: usize,
}

/// A place that is taken for the next connection, before it is known whose it is.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    places: Places,
}

/// A place that an address holds, until it is dropped.
pub(super) struct Held {
    place: Place,
    address: Option<IpAddr>,
}

impl Places {
    pub fn new(limits: &Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.n_connections_max)),
            by_address: Arc::default(),
            n_per_address_max: limits.n_connections_per_address_max,
        }
    }

    /// Waits for a free place.
    pub async fn take(&self) -> Place {
        let permit = self.free.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        Place { _permit: permit, places: self.clone() }
    }
}

impl Place {
    /// The place, where the address has not too many already.
    pub fn held_by(self, ip: IpAddr) -> Option<Held> {
        let ip = ip.to_canonical();
        if ip.is_loopback() {
            return Some(Held { place: self, address: None });
        }
        let address = network::customer(ip);
        let n_max = self.places.n_per_address_max;
        let mut by_address = self.places.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let n = by_address.entry(address).or_default();
        if *n >= n_max {
            return None;
        }
        *n += 1;
        drop(by_address);
        Some(Held { place: self, address: Some(address) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let by_address = &self.place.places.by_address;
        let mut by_address = by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut held) = by_address.entry(address) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_cannot_have_all_places() {
        let limits =
            Limits { n_connections_max: 9, n_connections_per_address_max: 2, ..Limits::default() };
        let places = Places::new(&limits);
        let hold = async |ip: &str| places.take().await.held_by(ip.parse().unwrap());
        let mut held: Vec<_> = [hold("192.0.2.1").await, hold("::ffff:192.0.2.1").await].into();
        assert!(held.iter().all(Option::is_some));
        assert!(hold("192.0.2.1").await.is_none());
        assert!(hold("192.0.2.2").await.is_some());
        held.pop();
        assert!(hold("192.0.2.1").await.is_some(), "a place was given back");

        let _six = [hold("2001:db8::1").await.unwrap(), hold("2001:db8::2").await.unwrap()];
        assert!(hold("2001:db8::ffff:3").await.is_none(), "of the same network");
        assert!(hold("2001:db8:0:1::1").await.is_some());
        let mut local = Vec::new();
        for _ in 0..4 {
            local.push(hold("127.0.0.1").await.unwrap());
        }
        drop((held, local));
        assert_eq!(places.free.available_permits(), 7);
    }

    #[tokio::test]
    async fn addresses_that_left_are_forgotten() {
        let places = Places::new(&Limits::default());
        drop(places.take().await.held_by("192.0.2.1".parse().unwrap()));
        assert!(places.by_address.lock().unwrap().is_empty());
    }
}
