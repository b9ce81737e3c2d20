//! Every ceiling of the schema validator in one table, with what happens above it.

/// Levels of a schema document, and of a chain of schemas that are applied while one value is
/// checked, each level of the value included. Above: [`SchemaError::TooDeep`] and
/// [`ViolationKind::TooDeep`].
///
/// [`SchemaError::TooDeep`]: super::SchemaError::TooDeep
/// [`ViolationKind::TooDeep`]: super::ViolationKind::TooDeep
pub const DEPTH: usize = 256;

/// Schemas in one document, each subschema counted. Above: [`SchemaError::TooLarge`].
///
/// [`SchemaError::TooLarge`]: super::SchemaError::TooLarge
pub const SUBSCHEMAS: usize = 10_000;

/// Steps of checking one value. One step is one schema applied to one value, one comparison, 64
/// bytes compared, or one byte matched against each 512 bytes of a compiled pattern. Above:
/// [`ViolationKind::TooMuchWork`].
///
/// [`ViolationKind::TooMuchWork`]: super::ViolationKind::TooMuchWork
pub const STEPS: usize = 1_000_000;

/// Bytes of one compiled pattern; `^.{0,1000}$` has about 128 KB. Above: the pattern is unsupported.
pub const PATTERN_BYTES: usize = 256 * 1024;

/// Violations that are reported. Above: checking ends, so that a client isn't flooded.
pub const VIOLATIONS: usize = 16;

/// Characters of a value, or of one name in a path, that a message shows. Above: `…`.
pub const SHOWN_CHARS: usize = 80;
