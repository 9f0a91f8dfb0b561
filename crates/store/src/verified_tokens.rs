//! Tokens whose signature was verified a short while ago.
//!
//! Verifying costs more than all the rest of a request. The whole token is compared, so that nobody
//! gets another's claims by a collision, and what is remembered is bounded in bytes.

use std::{sync::Arc, time::SystemTime};

use engine::identity::Claims;
use moka::sync::Cache;

/// The bytes that are remembered at most.
const CAPACITY: u64 = 2 << 20;
/// What an entry costs beyond its token and its claims.
const ENTRY_OVERHEAD: usize = 320;

/// The claims of tokens, by token.
#[derive(Clone, Debug)]
pub struct VerifiedTokens {
    tokens: Cache<Box<str>, Arc<Claims>>,
}

// === impl VerifiedTokens ===

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self {
            tokens: Cache::<Box<str>, Arc<Claims>>::builder()
                .max_capacity(CAPACITY)
                .weigher(|token, claims| {
                    let weight = token.len() + claims.weight() + ENTRY_OVERHEAD;
                    u32::try_from(weight).unwrap_or(u32::MAX)
                })
                .build(),
        }
    }
}

impl VerifiedTokens {
    /// What a token claims, if it was verified and is still good at `now`.
    pub fn get(&self, token: &str, now: SystemTime) -> Option<Arc<Claims>> {
        let claims = self.tokens.get(token)?;
        match claims.expires_at() {
            Some(end) if end <= now => {
                self.tokens.invalidate(token);
                None
            }
            _ => Some(claims),
        }
    }

    /// Remembers what a verified token claims.
    pub fn remember(&self, token: &str, claims: Claims) -> Arc<Claims> {
        let claims = Arc::new(claims);
        self.tokens.insert(token.into(), Arc::clone(&claims));
        claims
    }
}
