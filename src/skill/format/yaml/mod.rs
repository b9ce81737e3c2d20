//! A frontmatter's YAML as plain values.
//!
//! `nesting` refuses text that nests too deep before a parser works on it. `reader` parses the rest within
//! bounds. For text that doesn't parse there are two fallbacks: `repair` rewrites single lines, and `keys`
//! reads every key alone. `json5` reads the JSON that people write as a value.

pub(super) mod json5;
pub(super) mod keys;
pub(super) mod nesting;
pub(super) mod reader;
pub(super) mod repair;
