//! A skill's instructions as a prompt: `render` puts in the values of variables, and `shell` decides which
//! of the tools that a skill asks for reach a shell.

mod render;
mod shell;

pub use render::MissingVariables;
