//! Derives the commands of one moment from the built-in ones, the skills and the plugins.

use super::plugin_tool::Providers;
use super::registry::{Command, CommandRegistry};
use super::{plugin_tool, skill};
use crate::actor::PluginRegistry;
use crate::contract::SortedMap;
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

    /// Adds one command for each plugin tool that is a slash command, bundled plugins first. A name that two other
    /// plugins want goes to neither: authors choose ids, so the order of ids must not decide.
    #[must_use]
    pub fn with_plugins(mut self, plugins: &PluginRegistry) -> Self {
        #[cfg(feature = "autonomous")]
        self.explain_parameters(plugins);
        for command in plugin_tool::commands(plugins, Providers::Bundled) {
            self.add_of_plugin(command);
        }
        let mut wanted: SortedMap<String, Vec<Command>> = SortedMap::new();
        for command in plugin_tool::commands(plugins, Providers::Others) {
            wanted.entry(command.name.clone()).or_default().push(command);
        }
        for (name, commands) in wanted {
            let is_contested =
                commands.iter().any(|it| !it.source.shares_plugin(&commands[0].source));
            if self.has(&name) || !is_contested {
                commands.into_iter().for_each(|command| self.add_of_plugin(command));
                continue;
            }
            for other in &commands[1..] {
                self.contest(&name, &commands[0].source, &other.source);
            }
        }
        self
    }
}
