//! What the benchmarks share: the committed guests, and a table of figures with their bounds.
//!
//! A figure over its bound fails the run only where the environment sets `BENCH_ENFORCE=1`: figures
//! depend on the machine, and the bounds were set for one core of a recent desktop processor.

#![allow(dead_code, reason = "not every benchmark uses all of it")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, PluginHost, PluginPackage};

/// The module of a guest in `tests/guests`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name);
    fs::read(path.join("plugin.wasm")).expect("the guest is committed")
}

/// Functions in WebAssembly's text format that nobody calls, of about so many bytes: each has 300 of what
/// compilers make, loads, arithmetic, branches and a loop.
pub(crate) fn filling(bytes: usize) -> String {
    let function = |number: usize| {
        let step = |step: usize| {
            let at = number * 64 + step * 8;
            format!(
                "(local.set 2 (i32.add (local.get 0) (i32.load offset={at} (local.get 1))))
                 (if (i32.gt_u (local.get 2) (i32.const {at}))
                    (then (local.set 3 (i32.xor (local.get 3) (local.get 2)))))
                 (i32.store offset={at} (local.get 1) (local.get 3))"
            )
        };
        let body: String = (0..8).map(step).collect();
        format!(
            "(func (param i32 i32) (result i32) (local i32 i32)
                (loop $again {body} (br_if $again (local.get 3))) (local.get 3))"
        )
    };
    (0..bytes / 300).map(function).collect()
}

/// A package of `module`; `more` is further members of the manifest, each after a comma.
pub(crate) fn package(id: &str, module: Vec<u8>, more: &str) -> PluginPackage {
    let manifest = format!(
        r#"{{"id":"{id}","name":"Bench","version":"0.1.0","capabilities":["tool"],
            "wasm_module":"plugin.wasm"{more}}}"#
    );
    let origin = PackageOrigin::Folder(format!("bench/{id}").into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits)
        .expect("the manifest is valid")
}

/// Puts packages into service with everything they ask for.
pub(crate) async fn load(host: &PluginHost, packages: impl IntoIterator<Item = PluginPackage>) {
    let approved = packages.into_iter().map(|package| (package, Approval::ALL));
    host.load(approved, []).await;
    if let Some(refused) = host.registry().refused().first() {
        unreachable!("{}: {}", refused.origin, refused.error);
    }
}

/// A table that is printed row by row, and remembers whether a figure was over its bound.
pub(crate) struct Report {
    over: usize,
}

impl Report {
    pub(crate) fn begin(title: &str) -> Self {
        println!("\n{title}\n");
        println!("{:<58} {:>10} {:>14}", "", "figure", "bound");
        Self { over: 0 }
    }

    /// A figure without a bound.
    pub(crate) fn figure(&self, what: &str, value: f64, unit: &str) {
        println!("{what:<58} {value:>10.2} {unit}");
    }

    /// A figure that should be `at_most` so much.
    pub(crate) fn bounded(&mut self, what: &str, value: f64, unit: &str, at_most: f64) {
        let verdict = if value <= at_most {
            "ok"
        } else {
            self.over += 1;
            "OVER"
        };
        let bound = format!("{at_most} {unit}");
        println!("{what:<58} {value:>10.2} {bound:>14} {verdict}");
    }

    /// The status of the program.
    pub(crate) fn end(self) -> ExitCode {
        let enforced = env::var_os("BENCH_ENFORCE").is_some_and(|value| value == "1");
        if self.over > 0 && enforced { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
