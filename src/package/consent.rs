//! Asking the operator for what a package wants: about some of it in one question, about each of
//! the rest alone.

use super::approval::Approval;
use super::kind::{PackageKind, Subject};
use crate::contract::PluginPermissions;

/// Somebody who can be asked.
pub trait Prompt {
    /// Asks a question that is answered with yes or no. `None` means that nobody is there, which
    /// is never a yes.
    fn confirm(&mut self, question: &str) -> Option<bool>;
}

/// Nobody: what is not approved already stays unapproved.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn confirm(&mut self, _question: &str) -> Option<bool> {
        None
    }
}

/// Asks for permissions that are not approved yet, and gives those that are now: what `given`
/// names needs no question, files and named hosts are one question, and all hosts, each variable,
/// each secret, the shell and the size of the module are one each. `id` is the one under which approvals are kept.
#[must_use]
pub fn ask_for_permissions(
    id: &str,
    missing: &PluginPermissions,
    given: Approval,
    prompt: &mut dyn Prompt,
) -> PluginPermissions {
    let Subject { kind, words: who } = Subject::of(id);
    let mut granted = PluginPermissions::default();
    let mut yes =
        |given: bool, question: String| given || prompt.confirm(&question).unwrap_or(false);
    let (all, named): (Vec<_>, Vec<_>) =
        missing.network.iter().cloned().partition(|host| host == "*");
    let limited = PluginPermissions {
        network: named,
        filesystem: missing.filesystem.clone(),
        ..PluginPermissions::default()
    };
    if !limited.is_empty() {
        let list = Approval::NONE.missing(&limited).join(", ");
        if yes(given.named, format!("let {who} have {list}?")) {
            granted = limited;
        }
    }
    if !all.is_empty() && yes(given.all_hosts, format!("let {who} reach every host there is?")) {
        granted.network.extend(all);
    }
    for name in &missing.env_vars {
        let question = format!("let {who} read the environment variable `{name}`?");
        if yes(given.environment, question) {
            granted.env_vars.push(name.clone());
        }
    }
    for name in &missing.secrets {
        let question =
            format!("let {who} use the secret `{name}` toward the hosts it is bound to?");
        if yes(given.secrets, question) {
            granted.secrets.push(name.clone());
        }
    }
    let shell = match kind {
        PackageKind::Plugin => {
            format!("let {who} run shell commands? (this runtime has none; it opens nothing)")
        }
        PackageKind::Skill => format!("let {who} tell a model to use shell tools?"),
    };
    granted.shell = missing.shell && yes(given.shell, shell);
    granted.module_kb = missing.module_kb.filter(|kb| {
        let question =
            format!("let {who} run a module of {kb} KB, more than comes without a question?");
        yes(given.size, question)
    });
    granted
}
