//! Who may ask, by address.
//!
//! What is denied is denied, whatever else is allowed: a hole in a range that is let in is written
//! down by naming the hole.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Shielded;
use crate::failure::ShieldRefusal;

/// The addresses that may ask, and those that may not.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

// === impl Addresses ===

impl Addresses {
    pub(super) fn new(allow: &[IpNet], deny: &[IpNet]) -> Self {
        Self {
            allow: allow.to_vec(),
            deny: deny.to_vec(),
        }
    }

    pub(super) fn judge(&self, client: IpAddr) -> Result<(), Shielded> {
        // IPv4 in IPv6 is IPv4: otherwise a range could be left by another spelling.
        let client = client.to_canonical();
        let within = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&client));
        if within(&self.deny) || !(self.allow.is_empty() || within(&self.allow)) {
            return Err(Shielded::new(ShieldRefusal::Address, client.to_string()));
        }
        Ok(())
    }
}
