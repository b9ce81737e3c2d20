//! The build script: compresses the modules of the bundled plugins, which the program unpacks when it
//! loads one, and tells the linker how to make the programs small.
//!
//! A program of the release profile aborts on a panic, but the standard library brings tables for unwinding,
//! which only the linker can leave out. What is lost is the list of frames below a panic's message.
//! Where the linker is LLVM's, equal functions become one, and relocations are packed, which glibc reads
//! since 2.36.

use std::env;
use std::io::Result;
use std::path::Path;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=src/build.rs");
    #[cfg(feature = "bundled")]
    modules()?;
    link();
    Ok(())
}

fn link() {
    println!("cargo::rerun-if-changed=src/no-unwind-tables.ld");
    let told = |name: &str| env::var(name).unwrap_or_default();
    if told("PROFILE") != "release" || told("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    let script = Path::new(&told("CARGO_MANIFEST_DIR")).join("src/no-unwind-tables.ld");
    let mut arguments = vec![
        vec!["--no-eh-frame-hdr".to_owned()],
        vec!["-T".to_owned(), script.to_string_lossy().into_owned()],
    ];
    let linker = told("RUSTC_LINKER");
    let is_lld = linker.ends_with("lld");
    // Rust brings this one for this target, and takes it unless another is named.
    let is_default = told("TARGET") == "x86_64-unknown-linux-gnu"
        && linker.is_empty()
        && !["fuse-ld", "linker"].iter().any(|it| told("CARGO_ENCODED_RUSTFLAGS").contains(it));
    if is_lld || is_default {
        arguments.push(vec!["--icf=all".to_owned()]);
        arguments.push(vec!["-z".to_owned(), "pack-relative-relocs".to_owned()]);
    }
    for words in arguments {
        for word in words {
            for kind in ["bins", "examples"] {
                // A compiler that links passes these on.
                if !is_lld {
                    println!("cargo::rustc-link-arg-{kind}=-Xlinker");
                }
                println!("cargo::rustc-link-arg-{kind}={word}");
            }
        }
    }
}

#[cfg(feature = "bundled")]
fn modules() -> Result<()> {
    use std::{fs, io};

    /// The most that the compressor does.
    const LEVEL: u8 = 10;

    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    println!("cargo::rerun-if-changed=skills");
    for folder in fs::read_dir("skills")? {
        let folder = folder?;
        let module = folder.path().join("plugin.wasm");
        if !module.is_file() {
            continue;
        }
        let deflated = miniz_oxide::deflate::compress_to_vec(&fs::read(module)?, LEVEL);
        let name = Path::new(&folder.file_name()).with_extension("deflate");
        fs::write(Path::new(&out).join(name), deflated)?;
    }
    Ok(())
}
