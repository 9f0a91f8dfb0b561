//! How many connections each client address has.
//!
//! An address of IPv4 counts by itself; of IPv6 the /64, because one customer has at least that many
//! addresses. It is the peer of the connection that counts, or the client that a PROXY protocol header
//! of a trusted proxy names; what a field of a request says comes too late to refuse a connection.
//! A lock is taken once when a connection begins and once when it ends.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::Arc,
};

use engine::client_ip::limit_key_ip;
use parking_lot::Mutex;

/// The open connections by address; one without any is not in it.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct AddressPlace {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

// === impl Addresses ===

impl Addresses {
    /// Counts a connection, unless its address has `most` already.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<AddressPlace> {
        let address = limit_key_ip(address);
        let mut open = self.0.lock();
        let count = open.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(AddressPlace {
            addresses: Arc::clone(self),
            address,
        })
    }
}

// === impl AddressPlace ===

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock();
        if let Entry::Occupied(mut count) = open.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_places_and_gives_them_back() {
        let addresses = Arc::new(Addresses::default());
        let first = addresses.admit(ip("192.0.2.1"), 2).unwrap();
        let second = addresses.admit(ip("::ffff:192.0.2.1"), 2).unwrap();
        assert!(addresses.admit(ip("192.0.2.1"), 2).is_none());
        let other = addresses.admit(ip("192.0.2.2"), 2).unwrap();
        drop(first);
        let again = addresses.admit(ip("192.0.2.1"), 2).unwrap();
        drop((second, again, other));
        assert!(addresses.0.lock().is_empty());
    }

    #[test]
    fn addresses_of_one_customer_are_one() {
        let addresses = Arc::new(Addresses::default());
        let _place = addresses.admit(ip("2001:db8::1"), 1).unwrap();
        assert!(addresses.admit(ip("2001:db8::2:0:0:1"), 1).is_none());
        assert!(addresses.admit(ip("2001:db8:0:1::1"), 1).is_some());
    }
}
