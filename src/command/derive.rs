//! Derives the commands of one moment from the built-in ones and the skills.

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

    /// The same with one command for each tool of a plugin that is one for people. They come last, those of bundled
    /// plugins before others. A name that several others want is given to none: the order of ids, which their authors
    /// choose, decides nothing.
    #[must_use]
    pub fn with_plugins(mut self, plugins: &PluginRegistry) -> Self {
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
