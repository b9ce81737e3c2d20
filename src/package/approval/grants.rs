//! The permissions that are approved: by kind for a plugin named on the command line, one by one for an installed
//! one.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::{ApprovedContent, ChangedBy, PackageContent};
use crate::contract::{
    FileGrant, ObjectReader, PluginPermissions, SortedSet, covers_tool, is_never_given,
    is_never_opened, is_wide_tools, missing, shown, wide_domain,
};

/// What a revoked package waits for, beside its permissions.
const REVOKED: &str = "running again (it was revoked)";

/// A size that is approved holds up to the next multiple of this.
const SIZE_STEP_KB: u32 = 256;

/// What the operator says yes to, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Approval {
    /// `filesystem` grants, `storage`, and `network` hosts and `tools` that are named.
    pub named: bool,
    /// `network: ["*"]`, and all hosts of a top-level domain (`*.com`)
    pub all_hosts: bool,
    /// `env_vars`
    pub environment: bool,
    /// `secrets`
    pub secrets: bool,
    /// `tools: ["*"]`, and other patterns that are not about one plugin (`m*`)
    pub all_tools: bool,
    /// `shell: true`, and shell tools in the `allowed-tools` of a skill
    pub shell: bool,
    /// `webhook: true`
    pub webhook: bool,
    /// A module that is larger than what comes without a question
    pub size: bool,
    /// Content that is not what was approved.
    pub change: bool,
}

impl Approval {
    /// Nothing: only plugins that ask for nothing run.
    pub const NONE: Self = Self {
        named: false,
        all_hosts: false,
        environment: false,
        secrets: false,
        all_tools: false,
        shell: false,
        webhook: false,
        size: false,
        change: false,
    };

    /// Everything: for plugins that are compiled in.
    pub const ALL: Self = Self {
        named: true,
        all_hosts: true,
        environment: true,
        secrets: true,
        all_tools: true,
        shell: true,
        webhook: true,
        size: true,
        change: true,
    };

    /// This approval with one kind more: `network` (all hosts), `env`, `secrets`, `tools` (all tools),
    /// `shell`, `webhook`, `size` or `change`. `None` for every other word.
    #[must_use]
    pub fn with_kind(mut self, name: &str) -> Option<Self> {
        match name {
            "network" => self.all_hosts = true,
            "env" => self.environment = true,
            "secrets" => self.secrets = true,
            "tools" => self.all_tools = true,
            "shell" => self.shell = true,
            "webhook" => self.webhook = true,
            "size" => self.size = true,
            "change" => self.change = true,
            _ => return None,
        }
        Some(self)
    }

    /// Whether this is a yes to everything that is asked for, if anything is.
    pub(in crate::package) fn covers(&self, asked: &PluginPermissions) -> bool {
        !asked.is_empty() && self.missing(asked).is_empty()
    }

    /// The permissions that are asked for and not approved, as `kind: value`. A value that is no plain
    /// word is in quotes, so that it can't pass for several.
    #[must_use]
    pub fn missing(&self, asked: &PluginPermissions) -> Vec<String> {
        let mut missing = Vec::new();
        for host in &asked.network {
            let is_wide = wide_domain(host).is_some();
            let approved = if is_wide { self.all_hosts } else { self.named };
            if !approved {
                missing.push(format!("network: {}", shown(host)));
            }
        }
        let mut list = |kind: &str, values: &[String], approved: bool| {
            if !approved {
                missing.extend(values.iter().map(|value| format!("{kind}: {}", shown(value))));
            }
        };
        // What nobody can give nobody is asked for.
        let mut paths: Vec<_> = asked.filesystem.iter().map(|grant| grant.path.clone()).collect();
        paths.retain(|path| !is_never_opened(path));
        list("filesystem", &paths, self.named);
        let mut given = asked.env_vars.clone();
        given.retain(|name| !is_never_given(name));
        list("env", &given, self.environment);
        list("secrets", &asked.secrets, self.secrets);
        let (all, named): (Vec<_>, Vec<_>) =
            asked.tools.iter().cloned().partition(|it| is_wide_tools(it));
        list("tools", &named, self.named);
        list("tools", &all, self.all_tools);
        if let Some(kb) = asked.storage_kb.filter(|_| !self.named) {
            missing.push(format!("storage: {kb} KB"));
        }
        if asked.shell && !self.shell {
            missing.push("shell".into());
        }
        if asked.webhook && !self.webhook {
            missing.push("webhook".into());
        }
        if let Some(kb) = asked.module_kb.filter(|_| !self.size) {
            missing.push(format!("size: {kb} KB"));
        }
        missing
    }
}

/// What decides whether a plugin may have what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalPolicy {
    /// It is not installed: the operator approves it by kind on the command line.
    Kinds(Approval),
    /// It is installed: it has what was approved for its id.
    Stored(Box<StoredApproval>),
}

/// What was approved for the id of an installed plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct StoredApproval {
    /// Each permission that was approved, in this version or an earlier one.
    pub permissions: PluginPermissions,
    /// Whether the approval was revoked. It is approved again before it runs, even if it asks for
    /// nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
    /// The content that it is for. Approvals of earlier versions of this program have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ApprovedContent>,
    /// The content that the operator is about to put in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incoming: Option<ApprovedContent>,
}

impl TryFrom<Value> for StoredApproval {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut stored = ObjectReader::new(value)?.without_nulls(&["content", "incoming"]);
        let permissions = stored.value("permissions").ok_or_else(|| missing("permissions"))?;
        let approval = Self {
            permissions: permissions.try_into()?,
            revoked: stored.flag("revoked")?,
            content: stored.value("content").map(TryInto::try_into).transpose()?,
            incoming: stored.value("incoming").map(TryInto::try_into).transpose()?,
        };
        stored.end()?;
        Ok(approval)
    }
}

impl ApprovalPolicy {
    /// What is asked for and not approved, as `kind: value`, and for what was revoked that it runs
    /// again. A plugin for which this is not empty does not run.
    #[must_use]
    pub fn missing(&self, asked: &PluginPermissions) -> Vec<String> {
        match self {
            Self::Kinds(approval) => approval.missing(asked),
            Self::Stored(stored) => {
                let revoked = stored.revoked.then(|| REVOKED.to_owned());
                revoked.into_iter().chain(Approval::NONE.missing(&stored.missing(asked))).collect()
            }
        }
    }
}

impl From<Approval> for ApprovalPolicy {
    fn from(approval: Approval) -> Self {
        Self::Kinds(approval)
    }
}

impl From<StoredApproval> for ApprovalPolicy {
    fn from(stored: StoredApproval) -> Self {
        Self::Stored(Box::new(stored))
    }
}

/// The values that are asked for and not approved.
fn others<T: PartialEq + Clone>(asked: &[T], approved: &[T]) -> Vec<T> {
    asked.iter().filter(|value| !approved.contains(value)).cloned().collect()
}

/// A yes to a size is one to a module that grows a little.
fn size_step(module_kb: Option<NonZeroU32>) -> u32 {
    module_kb.map_or(0, |kb| kb.get().div_ceil(SIZE_STEP_KB))
}

impl StoredApproval {
    /// The requested permissions that are not approved.
    #[must_use]
    pub fn missing(&self, asked: &PluginPermissions) -> PluginPermissions {
        let approved = &self.permissions;
        let mut env_vars = others(&asked.env_vars, &approved.env_vars);
        env_vars.retain(|name| !is_never_given(name));
        let mut filesystem = others(&asked.filesystem, &approved.filesystem);
        filesystem.retain(|grant| !is_never_opened(&grant.path));
        PluginPermissions {
            network: asked.network.iter().filter(|host| !approved.reaches(host)).cloned().collect(),
            filesystem,
            env_vars,
            shell: asked.shell && !approved.shell,
            secrets: others(&asked.secrets, &approved.secrets),
            tools: asked
                .tools
                .iter()
                .filter(|name| !approved.tools.iter().any(|pattern| covers_tool(pattern, name)))
                .cloned()
                .collect(),
            storage_kb: asked.storage_kb.filter(|kb| Some(*kb) > approved.storage_kb),
            webhook: asked.webhook && !approved.webhook,
            module_kb: asked
                .module_kb
                .filter(|kb| size_step(Some(*kb)) > size_step(approved.module_kb)),
        }
    }

    /// Why the content of a package is not what this is an approval for, as `kind: value`. The `keys`
    /// are those that are trusted.
    pub(crate) fn objection(
        &self,
        content: &PackageContent,
        keys: &SortedSet<String>,
    ) -> Option<String> {
        let objection = |it: &ApprovedContent| content.objection(it, keys, ChangedBy::Anybody);
        if self.incoming.as_ref().is_some_and(|incoming| objection(incoming).is_none()) {
            return None;
        }
        let reason = match self.content.clone().or_else(|| content.recorded()) {
            Some(approved) => objection(&approved),
            None if self.permissions.is_empty() => None,
            None => Some("its approval does not say of which content".to_owned()),
        };
        reason.map(|reason| format!("change: {reason}"))
    }

    /// All that a package with this content waits for, as `kind: value`.
    pub(in crate::package) fn waiting(
        self,
        asked: &PluginPermissions,
        content: &PackageContent,
        keys: &SortedSet<String>,
    ) -> Vec<String> {
        let objection = self.objection(content, keys);
        objection.into_iter().chain(ApprovalPolicy::from(self).missing(asked)).collect()
    }

    /// Adds permissions to those that are approved.
    pub(in crate::package) fn grant(&mut self, granted: &PluginPermissions) {
        let new = self.missing(granted);
        self.permissions.network.extend(new.network);
        // A path is approved, whether or not it may be missing.
        let paths = new.filesystem.into_iter().map(|grant| FileGrant::from(grant.path));
        self.permissions.filesystem.extend(paths);
        self.permissions.env_vars.extend(new.env_vars);
        self.permissions.secrets.extend(new.secrets);
        self.permissions.tools.extend(new.tools);
        self.permissions.storage_kb = new.storage_kb.or(self.permissions.storage_kb);
        self.permissions.shell |= new.shell;
        self.permissions.webhook |= new.webhook;
        self.permissions.module_kb = new.module_kb.or(self.permissions.module_kb);
    }
}
