//! The smallest embedder: load a folder of plugins, call one tool.
//!
//! `cargo run --example embed -- DIR TOOL JSON`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::env;
use std::path::Path;
use std::process::ExitCode;

use weft_lite::errors::ActionableError;
use weft_lite::package::{ReadLimits, discover};
use weft_lite::{Approval, Runtime};

/// Whoever names the folder approves the files and hosts that its plugins name.
const NAMED: Approval = Approval { named: true, ..Approval::NONE };

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(tool), Some(params)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: embed DIR TOOL JSON");
        return ExitCode::from(2);
    };
    // `Runtime::load` would find skills as well, know what is approved and keep all of it up to date;
    // a program that doesn't call it doesn't contain it.
    let (mut packages, mut unreadable) = (Vec::new(), Vec::new());
    for package in discover(Path::new(&folder), ReadLimits::default()) {
        match package {
            Ok(package) => packages.push((package, NAMED)),
            Err(error) => unreadable.push(error),
        }
    }
    let runtime = Runtime::builder().build();
    let outcome = runtime.block_on(async {
        runtime.host().load(packages, unreadable).await;
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
