//! `pgparley demo`: a throwaway PostgreSQL with a sample shop, and pgparley in front of it.

pub mod check;
pub mod cluster;
pub mod compare;
pub mod questions;
pub mod shop;
