//! The name server goes away under load.
