//! The `pgparley` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    pgparley::cli::main()
}
