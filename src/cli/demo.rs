//! `pgparley demo`: a throwaway PostgreSQL with a sample shop, and pgparley in front of it.

pub mod cluster;
