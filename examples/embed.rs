//! The smallest embedder: load a folder of plugins, call one tool.
//!
//! `cargo run --example embed -- DIR TOOL JSON`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::env;
use std::process::ExitCode;

use weft_lite::Runtime;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(tool), Some(params)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: embed DIR TOOL JSON");
        return ExitCode::from(2);
    };
    let runtime = Runtime::builder().plugins(folder).build();
    let outcome = runtime.block_on(async {
        runtime.load().await;
        runtime.host().call(&tool, params).await
    });
    match outcome.result {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}\n  try: {}", error.next_step());
            ExitCode::FAILURE
        }
    }
}
