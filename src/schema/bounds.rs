//! Every ceiling of the schema validator in one table, with what happens above it.
//!
//! A plugin writes the schema and a client the value, so both sides of a check are strangers' input: an
//! unbounded one would keep an executor's thread, or the memory of a small machine.

/// Levels of a schema document, and of a chain of schemas that are applied while one value is
/// checked, each level of the value included. Above: [`SchemaError::TooDeep`] and
/// [`ViolationKind::TooDeep`].
///
/// [`SchemaError::TooDeep`]: super::SchemaError::TooDeep
/// [`ViolationKind::TooDeep`]: super::ViolationKind::TooDeep
pub const DEPTH: usize = 128;

/// Schemas in one document, each subschema counted. Above: [`SchemaError::TooLarge`].
///
/// [`SchemaError::TooLarge`]: super::SchemaError::TooLarge
pub const SUBSCHEMAS: usize = 10_000;

/// Steps of checking one value. One step is one schema applied to one value, 8 values of an
/// `enum` compared, 64 bytes compared, or one byte matched against each 512 bytes of a compiled pattern; `uniqueItems`
/// takes four for each value. All of them last about a tenth of a second in a release build, and up
/// to four with the worst of patterns. Above: [`ViolationKind::TooMuchWork`].
///
/// [`ViolationKind::TooMuchWork`]: super::ViolationKind::TooMuchWork
pub const STEPS: usize = 1_000_000;

/// Steps of a check that runs between the turns of others: about a quarter of a millisecond, and up to
/// eight with the worst of patterns. A check that takes more begins again on a thread of its own.
pub const SHORT_STEPS: usize = 2_000;

/// Bytes of JSON that are read and checked between the turns of others. Longer JSON is read and
/// checked on a thread of its own.
pub const SHORT_BYTES: usize = 64 * 1024;

/// Bytes of one compiled pattern; `^.{0,1000}$` has about 128 KB. Above: the pattern is unsupported.
pub const PATTERN_BYTES: usize = 256 * 1024;

/// Bytes of all patterns of a document, compiled. Above: the rest of them are unsupported.
pub const PATTERNS_BYTES: usize = 1024 * 1024;

/// Bytes of the JSON pointers to all schemas of a document. Above: [`SchemaError::TooLarge`].
///
/// [`SchemaError::TooLarge`]: super::SchemaError::TooLarge
pub const POINTERS_BYTES: usize = 4 * 1024 * 1024;

/// Violations that are reported. Above: checking ends, so that a client isn't flooded.
pub const VIOLATIONS: usize = 16;

/// Characters of a value, or of one name in a path, that a message shows. Above: `…`.
pub const SHOWN_CHARS: usize = 80;
