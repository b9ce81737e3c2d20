//! The caller of a command, and what the host remembers of a chat.

use async_channel::Sender;

use super::answer::SkillPrompt;
use crate::contract::SortedMap;
use crate::task::{Held, Lock};

/// The sender of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The channel it came over.
    pub channel: String,
    /// The chat within the channel.
    pub chat: String,
    /// The sender, in the channel's own terms.
    pub sender: String,
    /// Whether the sender is the owner of this program.
    pub is_owner: bool,
}

/// The state that the host keeps for one chat.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The skills that `/use` put into it, by name.
    used: Lock<SortedMap<String, SkillPrompt>>,
}

/// The most skills that one conversation may use.
const USED_SKILLS: usize = 16;

impl Conversation {
    /// Puts a skill's text into the conversation. Returns `false` if there are already 16.
    #[must_use]
    pub fn use_skill(&self, skill: SkillPrompt) -> bool {
        let mut used = self.used();
        let fits = used.len() < USED_SKILLS || used.contains_key(&skill.name);
        if fits {
            used.insert(skill.name.clone(), skill);
        }
        fits
    }

    /// The skills in use, in the order of their names.
    #[must_use]
    pub fn used_skills(&self) -> Vec<SkillPrompt> {
        self.used().values().cloned().collect()
    }

    /// Forgets everything, and returns how many skills were in use.
    pub fn clear(&self) -> usize {
        std::mem::take(&mut *self.used()).len()
    }

    /// Whether no skill is in use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used().is_empty()
    }

    fn used(&self) -> Held<'_, SortedMap<String, SkillPrompt>> {
        self.used.lock()
    }
}

/// Progress notes of a call. Sending never waits: if nobody reads a note in time, it is lost.
#[derive(Debug, Clone, Default)]
pub struct ProgressNotes(Option<Sender<String>>);

impl ProgressNotes {
    /// Notes that somebody reads.
    #[must_use]
    pub fn to(reader: Sender<String>) -> Self {
        Self(Some(reader))
    }

    /// Sends a note.
    pub fn note(&self, note: impl FnOnce() -> String) {
        if let Some(reader) = &self.0 {
            let _ = reader.try_send(note());
        }
    }
}
