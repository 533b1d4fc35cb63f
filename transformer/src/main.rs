//! The transformer's process; everything else is in the library, so that tests run the same thing.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::cli::execute(transformer::execute)
}
