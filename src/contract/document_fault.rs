//! One fault of a document: its key, what is wrong, and what would be right there.

use std::fmt;

/// One fault of a manifest or a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentFault {
    /// The key's path from the top, for instance `resources.max_fuel` or `capabilities[1]`. Empty
    /// when the fault is the document's as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, problem, expected } = self;
        if key.is_empty() {
            write!(formatter, "{problem}; {expected}")
        } else {
            write!(formatter, "`{key}`: {problem}; {expected}")
        }
    }
}

/// Displays faults with one line for each.
pub(crate) fn write_lines(
    faults: &[DocumentFault],
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, fault) in faults.iter().enumerate() {
        if index > 0 {
            formatter.write_str("\n")?;
        }
        fmt::Display::fmt(fault, formatter)?;
    }
    Ok(())
}
