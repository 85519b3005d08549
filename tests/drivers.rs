//! Real drivers against pgparley; one that is not installed fails its test.

#[path = "drivers/checks.rs"]
mod checks;
#[path = "drivers/limits.rs"]
mod limits;
#[path = "drivers/metadata.rs"]
mod metadata;
#[path = "drivers/programs.rs"]
mod programs;
#[path = "drivers/questions.rs"]
mod questions;
#[path = "drivers/rust.rs"]
mod rust;
pub mod support;
#[path = "drivers/target.rs"]
mod target;

/// The checks of every driver in one pool mode.
macro_rules! as_directly_in {
    ($mode_name:ident, $mode:expr) => {
        mod $mode_name {
            as_directly_in! { $mode =>
                psql => programs::psql,
                pgbench => programs::pgbench,
                psycopg => programs::psycopg,
                asyncpg => programs::asyncpg,
                node_postgres => programs::node,
                jdbc => programs::jdbc,
                odbc => programs::odbc,
                tokio_postgres => rust::tokio_postgres::run,
                sqlx => rust::sqlx::run,
            }
        }
    };
    ($mode:expr => $($driver:ident => $run:path,)*) => {
        use crate::checks;
        use crate::programs;
        use crate::rust;
        use crate::target;

        $(
            #[test]
            fn $driver() {
                let driver = checks::Driver { name: stringify!($driver), run: $run };
                checks::same_as_direct(driver, $mode);
            }
        )*
    };
}

as_directly_in!(session_mode, target::SESSION);
as_directly_in!(transaction_mode, target::TRANSACTION);
