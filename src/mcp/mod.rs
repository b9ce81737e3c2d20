//! MCP, the Model Context Protocol: what checks a tool's arguments before its guest sees them.

mod schema;

pub use schema::{
    Schema, SchemaError, SchemaPolicy, UnsupportedKeyword, Violation, ViolationKind,
    bounds as schema_bounds,
};
