//! The sample shop in a throwaway cluster, and who may use it.

use super::cluster::Cluster;
use super::cluster::ClusterError;

/// The database that holds the shop.
pub const DATABASE: &str = "shop";

/// The role that owns it and is no superuser.
pub const ROLE: &str = "demo";

/// The statements that make it; run as they are they make the shop of seed 1.
pub const SCRIPT: &str = include_str!("shop.sql");

/// Creates role and database on a new cluster and fills it; takes a few seconds.
pub fn load(cluster: &Cluster, seed: i64) -> Result<(), ClusterError> {
    cluster.run_sql(
        "postgres",
        &format!("CREATE ROLE {ROLE} LOGIN; CREATE DATABASE {DATABASE} OWNER {ROLE};"),
    )?;
    fill(cluster, ROLE, DATABASE, seed)
}

/// Fills an empty database as `user`, who will own the tables.
pub fn fill(cluster: &Cluster, user: &str, database: &str, seed: i64) -> Result<(), ClusterError> {
    let script = format!("SET shop.seed = {seed};\n{SCRIPT}");
    cluster.run_sql_as(user, database, &script).map(drop)
}
