//! TLS that fails under load.
