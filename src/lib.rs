//! weft-lite
mod actor;
mod contract;
mod package;
mod runtime;
mod sandbox;
mod store;
mod wasm;
pub use actor::*;
pub use contract::*;
pub use package::*;
pub use runtime::*;
pub use sandbox::*;
pub use store::*;
pub use wasm::*;
