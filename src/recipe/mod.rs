//! Recipes: short lists of steps that call tools, compiled on the device to ordinary plugins.
//!
//! ```
//! use weft_lite::recipe::{RecipeIdentity, compile};
//!
//! let recipe = r#"
//! description: Says how many words a text has.
//! parameters:
//!   text: { type: string, example: one two }
//! steps:
//!   - name: counts
//!     call: text-stats__text_stats
//!     with: { text: "{{text}}" }
//! result: "{{counts.words}} words"
//! "#;
//! let identity = RecipeIdentity { name: "word-count", version: None, description: None };
//! let plugin = compile(recipe, &identity)?;
//! assert_eq!(plugin.tools, ["text-stats__text_stats"]);
//! # Ok::<(), weft_lite::recipe::RecipeError>(())
//! ```
//!
//! The language is described in `skills/recipe/README.md`. Nothing here runs a recipe: a guest that is compiled in
//! (`skills/recipe`) interprets a plan, and the compiled module is that guest with the plan in its data. It is a
//! plugin like any other, and its only door is `tools`.
//!
//! | question | file |
//! | --- | --- |
//! | Which keys does a recipe have, and what is wrong with them? | `reader` |
//! | What does a text with `{{name}}` stand for? | `template` |
//! | How large may a recipe be? | `bounds` |
//! | What does the guest read? | `plan` |
//! | How does the plan get into the module? | `module` |

mod bounds;
mod compiler;
mod error;
mod faults;
mod module;
mod plan;
mod reader;
#[cfg(feature = "autonomous")]
mod shape;
mod steps;
mod template;

pub use compiler::{CompiledRecipe, RecipeIdentity, compile};
pub use error::RecipeError;
pub use module::is_compiled_recipe;
#[cfg(feature = "autonomous")]
pub use shape::{ShapeConstants, recipe_shape};
