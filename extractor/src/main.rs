//! The extractor's process: command line in, exit code out; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::cli::execute_with(extractor::run, extractor::of_documents, extractor::check)
}
