//! JSON Schema 2020-12 for the arguments of tools: compiled once, checked within bounds.
//!
//! A schema comes from a guest and a value from a client, so neither is trusted: nothing is fetched,
//! and depth, work and words have the ceilings of [`bounds`]. Not here: the formats of `format` and
//! the rest that the specification counts as annotations, `$dynamicRef`, and URIs relative to an
//! `$id`. `pattern` is what the `regex-lite` crate takes of ECMA-262: no look-around, backreferences
//! or Unicode classes, which are named as unsupported, and `\s` is ASCII white space.

mod alternatives;
mod assertion;
pub mod bounds;
mod check;
mod compiled;
mod compiler;
mod error;
mod keywords;
mod node;
mod number;
mod pattern;
mod value;
mod violation;

pub use compiled::Schema;
pub use error::{SchemaError, SchemaPolicy, UnsupportedKeyword};
pub use violation::{Violation, ViolationKind};
