//! Wraps a core module as a component: `wrap-component IN.wasm OUT.wasm`.
//!
//! The module carries its world in a custom section that wit-bindgen wrote.

use std::error::Error;
use std::{env, fs};
use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("usage: wrap-component IN.wasm OUT.wasm".into());
    };
    let module = fs::read(input)?;
    let component = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
    fs::write(output, component)?;
    Ok(())
}
