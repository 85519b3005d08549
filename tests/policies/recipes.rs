//! The policies of `docs/policies.md`, loaded from there and tried.
