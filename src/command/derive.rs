//! Derives the commands of one moment from the built-in ones and the skills.

use super::registry::{Command, CommandRegistry};
use super::{plugin_tool, skill};
use crate::actor::PluginRegistry;
use crate::skill::SkillRegistry;

impl CommandRegistry {
    /// The built-in commands, then one for each skill that people may call. The first command of a name
    /// wins; a later one is a [`Collision`](super::Collision).
    #[must_use]
    pub fn new(built_in: impl IntoIterator<Item = Command>, skills: &SkillRegistry) -> Self {
        let mut registry = Self::default();
        for command in built_in.into_iter().chain(skill::commands(skills)) {
            registry.add(command);
        }
        for (name, refused) in skill::shadowed_by_files(skills) {
            registry.refuse(name, refused);
        }
        registry.without_command = skill::without_command(skills).collect();
        registry
    }

    /// The same with one command for each tool of a plugin that is one for people. They come last.
    #[must_use]
    pub fn with_plugins(mut self, plugins: &PluginRegistry) -> Self {
        for command in plugin_tool::commands(plugins) {
            self.add(command);
        }
        self
    }
}
