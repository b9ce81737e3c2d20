//! Whose notes a call works with: the prefix of its keys in the store.
//!
//! Every part of a prefix has its length in front of it, so that no two prefixes are equal and none begins
//! another. The first letter says the kind: `p` a person, `c` a chat, `t` a thread of a chat, `n` nobody
//! who can be named, `b` and `m` the namespaces of the memory backend.

use alloc::string::{String, ToString};
use json_text::{Value, decimal};

/// The store takes keys of 512 bytes; the rest is for what follows the prefix.
const MOST_BYTES: usize = 480;

/// Whose notes are meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scope {
    Person,
    Chat,
}

/// The namespace of a scope in a conversation as the host describes it, or of nobody.
pub fn of_scope(scope: Scope, conversation: Option<&Value>) -> Result<String, String> {
    let Some(conversation) = conversation else {
        return match scope {
            Scope::Person => Ok("n".to_string()),
            Scope::Chat => Err("this call comes from no chat: leave `scope` out".to_string()),
        };
    };
    let (kind, names): (&str, &[&str]) = match (scope, conversation.get("thread")) {
        (Scope::Person, _) => ("p", &["channel", "sender"]),
        (Scope::Chat, None | Some(Value::Null)) => ("c", &["channel", "chat"]),
        (Scope::Chat, Some(_)) => ("t", &["channel", "chat", "thread"]),
    };
    let mut namespace = kind.to_string();
    for name in names {
        let Some(Value::String(part)) = conversation.get(name) else {
            return Err(["the host doesn't say the `", name, "` of this call: update it"].concat());
        };
        push_part(&mut namespace, part);
    }
    checked(namespace)
}

/// The namespace that an embedder names.
pub fn of_backend(namespace: Option<&str>) -> Result<String, String> {
    let mut encoded = "m".to_string();
    if let Some(namespace) = namespace {
        encoded = "b".to_string();
        push_part(&mut encoded, namespace);
    }
    checked(encoded)
}

fn push_part(namespace: &mut String, part: &str) {
    namespace.push_str(&decimal(part.len() as u64));
    namespace.push(':');
    namespace.push_str(part);
}

fn checked(namespace: String) -> Result<String, String> {
    if namespace.len() > MOST_BYTES {
        let fault =
            "the names that these notes belong to have more than 480 bytes: use shorter names";
        return Err(fault.to_string());
    }
    Ok(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use json_text::Members;

    fn conversation(channel: &str, chat: &str, thread: Option<&str>, sender: &str) -> Value {
        let mut members = Members::new();
        members.add("channel", channel.into());
        members.add("chat", chat.into());
        if let Some(thread) = thread {
            members.add("thread", thread.into());
        }
        members.add("sender", sender.into());
        members.build()
    }

    #[test]
    fn no_two_namespaces_collide() {
        let texts =
            ["", "a", "1", ":", "1:", "1:a", "a1:a", "/e/", "0:", "a0:", "ab", "\u{0}", "ä"];
        let mut all = vec![of_scope(Scope::Person, None).unwrap(), of_backend(None).unwrap()];
        for one in texts {
            all.push(of_backend(Some(one)).unwrap());
            for other in texts {
                let person = conversation(one, "", None, other);
                all.push(of_scope(Scope::Person, Some(&person)).unwrap());
                let chat = conversation(one, other, None, "");
                all.push(of_scope(Scope::Chat, Some(&chat)).unwrap());
                for third in texts {
                    let thread = conversation(one, other, Some(third), "");
                    all.push(of_scope(Scope::Chat, Some(&thread)).unwrap());
                }
            }
        }
        all.sort();
        for pair in all.windows(2) {
            assert!(!pair[1].starts_with(&pair[0]), "{pair:?}");
        }
    }

    #[test]
    fn a_person_is_one_in_all_chats() {
        let here = conversation("telegram", "1", None, "ann");
        let there = conversation("telegram", "2", Some("x"), "ann");
        let elsewhere = conversation("slack", "1", None, "ann");
        let space = |who| of_scope(Scope::Person, Some(who)).unwrap();
        assert_eq!(space(&here), space(&there));
        assert_ne!(space(&here), space(&elsewhere));
    }

    #[test]
    fn nobody_has_no_chat() {
        assert!(of_scope(Scope::Chat, None).unwrap_err().contains("leave `scope` out"));
    }

    #[test]
    fn names_that_are_too_long() {
        let long = "x".repeat(MOST_BYTES);
        assert!(of_backend(Some(&long)).unwrap_err().contains("480"));
        assert!(of_backend(Some(&long[..MOST_BYTES - 5])).is_ok());
    }

    #[test]
    fn a_conversation_without_sender_is_refused() {
        let value = json_text::read(r#"{"channel":"c","chat":"k"}"#).unwrap();
        assert!(of_scope(Scope::Person, Some(&value)).unwrap_err().contains("`sender`"));
        assert!(of_scope(Scope::Chat, Some(&value)).is_ok());
    }
}
