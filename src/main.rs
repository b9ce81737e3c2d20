//! The program. What it does is in `cli`; what it does it with is the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A thread may still wait for a line of standard input: returning from here doesn't wait for it.
    cli::main(std::env::args_os().skip(1))
}
