//! The `pgparley` program.

fn main() {}
