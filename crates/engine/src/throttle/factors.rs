//! Whose part of the limit is less than the whole.

use std::collections::HashMap;

use crate::rate_limit::Factor;

/// The factors of those that are tightened; everybody else has the whole. Cheap to ask while nobody is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Factors {
    callers: HashMap<u64, Factor>,
    /// Of callers that are not among the heavy ones, by tenant.
    tenants: HashMap<u64, Factor>,
}

// === impl Factors ===

impl Factors {
    /// The factor of this caller of this tenant.
    pub fn factor(&self, tenant: u64, caller: u64) -> Factor {
        if self.is_empty() {
            return Factor::ONE;
        }
        match self.callers.get(&caller) {
            Some(factor) => *factor,
            None => self.of_tenant(tenant),
        }
    }

    /// Whether everybody has the whole.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty() && self.tenants.is_empty()
    }

    /// How many callers are tightened for what they cost themselves.
    pub fn callers(&self) -> usize {
        self.callers.len()
    }

    pub(super) fn of_caller(&self, caller: u64) -> Factor {
        self.callers.get(&caller).copied().unwrap_or_default()
    }

    pub(super) fn of_tenant(&self, tenant: u64) -> Factor {
        self.tenants.get(&tenant).copied().unwrap_or_default()
    }

    pub(super) fn tighten_caller(&mut self, caller: u64, factor: Factor) {
        if factor < Factor::ONE {
            self.callers.insert(caller, factor);
        }
    }

    pub(super) fn tighten_tenant(&mut self, tenant: u64, factor: Factor) {
        if factor < Factor::ONE {
            self.tenants.insert(tenant, factor);
        }
    }
}
