//! Wraps a core module as a component: `wrap-component IN.wasm OUT.wasm`.
//!
//! The module carries its world in a custom section that wit-bindgen wrote. What it asks of WASI's first
//! preview is asked of the second, by an adapter that is left out where nothing needs it.

use std::error::Error;
use std::{env, fs};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER_NAME,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("usage: wrap-component IN.wasm OUT.wasm".into());
    };
    let module = fs::read(input)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module)?.adapter(ADAPTER_NAME, ADAPTER)?;
    let component = encoder.encode()?;
    fs::write(output, component)?;
    Ok(())
}
