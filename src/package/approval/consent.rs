//! Asks the operator for the permissions of a package: for some of them in one question, for each of
//! the rest alone.

use super::grants::{Approval, StoredApproval};
use crate::contract::{PluginPermissions, is_wide_tools, shown, wide_domain};
use crate::package::kind::{PackageKind, Subject};

/// Somebody who can be asked.
pub trait Prompt {
    /// Asks a question that is answered with yes or no. `None` means that nobody is there, which
    /// is never a yes.
    fn confirm(&mut self, question: &str) -> Option<bool>;
}

/// Asks nobody: permissions that are not approved yet stay unapproved.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn confirm(&mut self, _question: &str) -> Option<bool> {
        None
    }
}

/// The permissions that a package waits for.
pub(in crate::package) struct Pending<'a> {
    /// The id under which its approvals are kept.
    pub(in crate::package) id: &'a str,
    pub(in crate::package) asked: &'a PluginPermissions,
    pub(in crate::package) stored: &'a StoredApproval,
    /// Why the approval does not cover its content. No answer can change that.
    pub(in crate::package) objection: Option<&'a str>,
    pub(in crate::package) is_broken: bool,
}

impl Pending<'_> {
    /// Asks, and returns the permissions to approve; `None` if there are none. What was revoked is asked for even if
    /// the package wants nothing, and so is content that is not what was approved; without a yes to
    /// that, nothing else is given. A signature that does not count is no matter of a yes.
    pub(in crate::package) fn ask(
        &self,
        given: Approval,
        prompt: &mut dyn Prompt,
    ) -> Option<PluginPermissions> {
        let Self { id, asked, stored, objection, is_broken } = *self;
        let who = Subject::of(id).words;
        if let Some(reason) = objection {
            let reason = reason.trim_start_matches("change: ");
            let question = format!("let {who} run as it is now? {reason}");
            if is_broken || !(given.change || prompt.confirm(&question) == Some(true)) {
                return None;
            }
        }
        // To run again is a permission of its own, as small as a named host; a yes to all that it
        // wants is a yes to that.
        let question = format!("let {who} run again, after it was revoked?");
        let runs = !stored.revoked
            || given.named
            || given.covers(asked)
            || prompt.confirm(&question) == Some(true);
        if !runs {
            return None;
        }
        let granted = ask_for_permissions(id, &stored.missing(asked), given, prompt);
        (stored.revoked || objection.is_some() || !granted.is_empty()).then_some(granted)
    }
}

/// Asks for permissions that are not approved yet, and gives those that are now: what `given`
/// names needs no question; files, storage, named hosts and named tools are one question, and all hosts, all of a
/// top-level domain, each variable, each secret, all tools, the shell, the webhook and the size of the module are one each. `id` is the one under which
/// approvals are kept.
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
        missing.network.iter().cloned().partition(|host| wide_domain(host).is_some());
    let (all_tools, tools): (Vec<_>, Vec<_>) =
        missing.tools.iter().cloned().partition(|pattern| is_wide_tools(pattern));
    let limited = PluginPermissions {
        network: named,
        filesystem: missing.filesystem.clone(),
        tools,
        storage_kb: missing.storage_kb,
        ..PluginPermissions::default()
    };
    if !limited.is_empty() {
        let list = Approval::NONE.missing(&limited).join(", ");
        if yes(given.named, format!("let {who} have {list}?")) {
            granted = limited;
        }
    }
    for pattern in all {
        let question = match wide_domain(&pattern) {
            Some("") | None => format!("let {who} reach every host there is?"),
            Some(domain) => format!("let {who} reach every host below `{domain}`?"),
        };
        if yes(given.all_hosts, question) {
            granted.network.push(pattern);
        }
    }
    for name in &missing.env_vars {
        let question = format!("let {who} read the environment variable `{}`?", shown(name));
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
    for pattern in all_tools {
        let question = match pattern.strip_suffix('*') {
            Some("") | None => format!("let {who} call every tool there is?"),
            Some(begin) => format!("let {who} call every tool whose name begins with `{begin}`?"),
        };
        if yes(given.all_tools, question) {
            granted.tools.push(pattern);
        }
    }
    let shell = match kind {
        PackageKind::Plugin => {
            format!("let {who} run shell commands? (this runtime has none; it opens nothing)")
        }
        PackageKind::Skill => format!("let {who} tell a model to use shell tools?"),
    };
    granted.shell = missing.shell && yes(given.shell, shell);
    let webhook =
        format!("let anybody who reaches its server send {who} requests, at `/hook/{id}`?");
    granted.webhook = missing.webhook && yes(given.webhook, webhook);
    granted.module_kb = missing.module_kb.filter(|kb| {
        let question =
            format!("let {who} run a module of {kb} KB, more than comes without a question?");
        yes(given.size, question)
    });
    granted
}
