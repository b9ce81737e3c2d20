//! The next step after an unknown name.

use weft_lite::text::{did_you_mean, similar_names};

/// The next step after an unknown `name`: a question with the known names that resemble it, or `otherwise`.
pub(super) fn suggestion<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
    otherwise: &str,
) -> String {
    let similar = similar_names(name, known);
    did_you_mean(&similar, "").unwrap_or_else(|| otherwise.to_owned())
}
