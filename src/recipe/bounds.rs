//! How large a recipe and its module may be. The guest holds the bounds of a run.

use crate::contract::limits::KB;

/// Bytes of a `recipe.yaml`.
pub(super) const RECIPE_BYTES: usize = 32 * KB;
/// Bytes of a compiled module.
pub(super) const MODULE_BYTES: usize = 24 * KB;
/// Bytes of the guest's room for a plan, with the number before it.
pub(super) const PLAN_BYTES: usize = 8 * KB;
pub(super) const PARAMETERS: usize = 16;
/// Steps in all.
pub(super) const STEPS: usize = 32;
/// Levels of steps, the outermost among them.
pub(super) const LEVELS: usize = 4;
/// Items of a list that `each` goes through.
pub(super) const ITEMS: u64 = 100;
/// Keys of a path.
pub(super) const PATH_KEYS: usize = 16;
/// Bytes of one text.
pub(super) const TEXT_BYTES: usize = 4 * KB;
pub(super) const NAME_CHARS: usize = 32;
pub(super) const DESCRIPTION_CHARS: usize = 1024;
