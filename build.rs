//! Compresses the modules of the bundled plugins, which the program unpacks when it loads one.

#![expect(clippy::print_stdout, reason = "a build script talks to cargo that way")]

use std::io::Result;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "bundled")]
    modules()?;
    Ok(())
}

#[cfg(feature = "bundled")]
fn modules() -> Result<()> {
    use std::path::Path;
    use std::{env, fs, io};

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
