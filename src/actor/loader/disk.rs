//! The skills and packages on the disk as the loader knows them: it scans for changes and lists the
//! candidates for service, in the order of precedence.
//!
//! Blocking work is in [`Disk::scan`] alone, which runs off the executor. Everything else computes
//! from what the last scan has read.

mod approved;
mod bundled;
mod watched;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use approved::asks_for_shell;
use bundled::bundled;
pub use watched::{WatchDepth, WatchedFolder};
use watched::{keys_folder, secrets_folder};

use super::candidate::Candidate;
use super::code::Code;
#[cfg(feature = "bundled")]
use super::code::{Content, ContentDigest};
use super::place::{Outcomes, PackagePlace};
use super::plugins::{PluginSource, PluginTree};
use super::settings::Settings;
use super::skills::{KnownSkill, SkillTree, WalkScope};
use super::{LoaderOptions, ScanContext, Scope};
use crate::actor::prepare::{PackageHead, SettingsAccess};
use crate::contract::{ActionableError, PluginPermissions, SortedMap, SortedSet, sort_by};
#[cfg(feature = "bundled")]
use crate::package::{Approval, BUNDLED, ModuleSource, PackageOrigin};
use crate::package::{Approvals, HomeError, PackageError, SkillSwitches, trusted_key_ids};
use crate::sandbox::SandboxOptions;
use crate::skill::{FoundSkill, Readiness, SkillLevel, SkillRegistry, SwitchedOff};

/// The skills and packages that were found. It belongs to the loader's actor and moves to another
/// thread for each scan.
pub(super) struct Disk {
    options: Arc<LoaderOptions>,
    sandbox: SandboxOptions,
    /// How files are read, and the approvals as they were read last.
    context: ScanContext,
    /// The roots of skills, in path order.
    skills: Vec<SkillTree>,
    /// The named folders, then the folder of installed plugins.
    plugins: Vec<PluginTree>,
    /// The skills that are compiled in, which never change.
    bundled: Vec<FoundSkill>,
    /// The configuration's files, the operator's own first.
    settings: Vec<Settings>,
    /// The trusted keys.
    keys: SortedSet<String>,
    /// The permissions that plugins of named folders asked for at the first scan. Naming a folder
    /// approves it as it was then, so what it asks for later waits for approval.
    at_start: Option<SortedMap<PathBuf, PluginPermissions>>,
    /// The skills that the user has switched off.
    switched_off: SwitchedOff,
    /// Skills that an approval or a switch has changed since the last reload.
    touched: Touched,
}

/// Names of skills that may have changed, each with folders that may have a skill of this name. A
/// name without folders is looked up where it was before, and among the bundled skills.
pub(super) type Touched = SortedMap<Arc<str>, SortedSet<PathBuf>>;

impl Disk {
    /// A disk on which nothing was read yet. The skills that are compiled in count as changed, so
    /// that the first reload finds them.
    pub(super) fn new(options: Arc<LoaderOptions>, sandbox: SandboxOptions) -> Self {
        let tree =
            |(path, level): &(PathBuf, _)| SkillTree::new(path.clone(), *level, WalkScope::Beneath);
        let skills = options.skill_roots.iter().map(tree).collect();
        let named = options.plugin_folders.iter().cloned();
        let installed = options.weft_home.as_ref().map(|home| home.join("plugins"));
        let plugins = named
            .map(|path| PluginTree::new(path, PluginSource::Named))
            .chain(installed.map(|path| PluginTree::new(path, PluginSource::Installed)))
            .collect();
        let context = ScanContext {
            limits: options.read_limits,
            host: Arc::clone(&options.skill_host),
            home: options.weft_home.clone(),
            approvals: Approvals::default(),
            authority: sandbox.authority.clone(),
        };
        let bundled = bundled(&options);
        let touched = bundled.iter().map(|skill| (Arc::clone(&skill.name), SortedSet::new()));
        let touched = SortedMap::from_iter(touched);
        let settings = options.settings.iter().enumerate();
        let settings = settings.map(|(at, (path, text))| Settings::new(path, text, at == 0));
        let settings = settings.collect();
        let (keys, at_start, switched_off) = (SortedSet::new(), None, SwitchedOff::default());
        Self {
            options,
            sandbox,
            context,
            skills,
            plugins,
            bundled,
            settings,
            keys,
            at_start,
            switched_off,
            touched,
        }
    }

    /// Reads the files that changed. No other step of a reload looks for packages or skills.
    ///
    /// Approvals come first, because what is read of a skill depends on them. Without
    /// approvals nothing installed is approved.
    pub(super) fn scan(&mut self, scope: &Scope) {
        if let Some(home) = &self.options.weft_home {
            let approvals = Approvals::read(home).unwrap_or_else(|error| {
                log::warn!("nothing installed is approved: {error}; {}", error.next_step());
                Approvals::default()
            });
            if scope.touches(&secrets_folder(home)) {
                self.sandbox.close_secrets();
            }
            let keys = match scope.touches(&keys_folder(home)) {
                true => trusted_key_ids(home),
                false => std::mem::take(&mut self.keys),
            };
            let other_keys = scope.touches(&keys_folder(home)) && keys != self.keys;
            self.keys = keys;
            if approvals != self.context.approvals || other_keys {
                self.context.approvals = approvals;
                // No other step checks again whether a skill without code waits for approval.
                for tree in &self.skills {
                    let waiting = |skill: &KnownSkill| {
                        skill.package_content.is_some() || asks_for_shell(tree.level, skill)
                    };
                    for (folder, skill) in tree.skills.iter().filter(|(_, skill)| waiting(skill)) {
                        let folders = self.touched.entry(Arc::clone(skill.name())).or_default();
                        folders.insert(folder.clone());
                    }
                }
            }
            self.read_switches(SkillSwitches::read(home));
        }
        for file in &mut self.settings {
            // The skill of a bundled plugin comes and goes with its settings.
            for id in &file.refresh(&self.sandbox.settings) {
                self.touched.entry(id.as_str().into()).or_default();
            }
        }
        for tree in &mut self.skills {
            tree.refresh(scope, &self.context);
        }
        for tree in &mut self.plugins {
            tree.refresh(scope, &self.context);
        }
        if self.at_start.is_none() {
            let named = self.plugins.iter().filter(|tree| tree.source == PluginSource::Named);
            let asks = named.flat_map(|tree| &tree.plugins).filter_map(|(folder, plugin)| {
                let content = plugin.code.content.as_ref().ok()?;
                Some((folder.clone(), content.manifest.permissions.clone()))
            });
            self.at_start = Some(SortedMap::from_iter(asks));
        }
    }

    /// Takes the switches of the skills. If they can't be read those of the last scan stay; at the
    /// first scan no skill is offered.
    fn read_switches(&mut self, read: Result<SkillSwitches, HomeError>) {
        let is_first = self.at_start.is_none();
        let switched_off = match read {
            Ok(switches) => SwitchedOff::Names(switches.disabled().clone()),
            Err(error) => {
                let next_step = error.next_step();
                if !is_first && matches!(self.switched_off, SwitchedOff::Names(_)) {
                    log::warn!("the skills stay switched as they were: {error}; {next_step}");
                    return;
                }
                log::warn!("no skill is offered: {error}; {next_step}");
                SwitchedOff::Unknown(format!("it may be switched off: {error}"))
            }
        };
        match (&self.switched_off, &switched_off) {
            (SwitchedOff::Names(old), SwitchedOff::Names(new)) => {
                let both = old.iter().chain(new);
                for name in both.filter(|&it| old.contains(it) != new.contains(it)) {
                    self.touched.entry(name.as_str().into()).or_default();
                }
            }
            (old, new) if old == new => {}
            _ => {
                self.skills.iter_mut().for_each(SkillTree::touch_all);
                self.plugins.iter_mut().for_each(PluginTree::touch_all);
                for skill in &self.bundled {
                    self.touched.entry(Arc::clone(&skill.name)).or_default();
                }
            }
        }
        self.switched_off = switched_off;
    }

    /// The skills that may have changed since the last call.
    ///
    /// It empties the records of the trees, so one reload takes each change once.
    pub(super) fn touched(&mut self) -> Touched {
        let mut skills: Vec<_> = self.skills.iter_mut().flat_map(SkillTree::touched).collect();
        skills.extend(self.plugins.iter_mut().flat_map(PluginTree::touched));
        // There may be ten thousand: in order, each is inserted at the end.
        sort_by(&mut skills, Ord::cmp);
        let mut touched = Touched::new();
        for (name, folder) in skills {
            touched.entry(name).or_default().insert(folder);
        }
        for (name, folders) in std::mem::take(&mut self.touched) {
            touched.entry(name).or_default().extend(folders);
        }
        touched
    }

    /// The skills whose state depends on the packages at these places.
    ///
    /// A skill with code is available only if its package is in service, which is known only when
    /// the plan is.
    pub(super) fn skills_at<'p>(&self, places: impl Iterator<Item = &'p PackagePlace>) -> Touched {
        let mut touched = Touched::new();
        for place in places {
            match place {
                PackagePlace::Folder(folder) => {
                    let plugins = self.plugins.iter().filter_map(|tree| tree.plugins.get(folder));
                    let shipped = plugins.flat_map(|plugin| &plugin.skills);
                    let shipped = shipped.flat_map(|tree| &tree.skills);
                    let own = self.skills.iter();
                    let own = own.filter_map(|tree| tree.skills.get_key_value(folder));
                    for (folder, skill) in own.chain(shipped) {
                        let folders = touched.entry(Arc::clone(skill.name())).or_default();
                        folders.insert(folder.clone());
                    }
                }
                #[cfg(feature = "bundled")]
                PackagePlace::Bundled(name) => {
                    touched.entry((*name).into()).or_default();
                }
            }
        }
        touched
    }

    /// All skills. Those of the touched names are found again, the others are those of `before`. A skill with
    /// code has the readiness in `outcomes`.
    pub(super) fn registry(
        &self,
        before: &SkillRegistry,
        touched: &Touched,
        outcomes: &Outcomes,
    ) -> SkillRegistry {
        let mut found = Vec::new();
        for (name, folders) in touched {
            let mut folders = folders.clone();
            // A skill may still be where one was.
            for path in before.all(name).iter().filter_map(|entry| entry.path.as_deref()) {
                folders.extend(path.parent().map(Path::to_owned));
                folders.insert(path.to_owned());
            }
            self.find(name, &folders, outcomes, &mut found);
        }
        let names = SortedSet::from_iter(touched.keys().cloned());
        before.replacing(&names, found, &self.switched_off)
    }

    /// The skills of this name in these folders, and those compiled in: in path order.
    fn find(
        &self,
        name: &Arc<str>,
        folders: &SortedSet<PathBuf>,
        outcomes: &Outcomes,
        found: &mut Vec<FoundSkill>,
    ) {
        let outcome = |folder: &Path| {
            let outcome = outcomes.get(&PackagePlace::Folder(folder.to_owned()));
            outcome.cloned().unwrap_or(Readiness::Ready)
        };
        let at = |tree: &'_ SkillTree| -> Vec<PathBuf> {
            let is_it = |folder: &&PathBuf| {
                tree.skills.get(*folder).is_some_and(|skill| skill.name() == name)
            };
            folders.iter().filter(is_it).cloned().collect()
        };
        for tree in &self.skills {
            for folder in at(tree) {
                let skill = &tree.skills[&folder];
                let (provider, readiness) = match skill.code {
                    Some(_) => (Some(name), outcome(&folder)),
                    None => (None, self.readiness(tree.level, skill)),
                };
                found.push(skill.as_found(tree.level, provider, readiness));
            }
        }
        for (place, plugin) in self.plugins.iter().flat_map(|tree| &tree.plugins) {
            for tree in &plugin.skills {
                for folder in at(tree) {
                    let skill = &tree.skills[&folder];
                    let provider = plugin.provider.as_ref();
                    found.push(skill.as_found(SkillLevel::Plugin, provider, outcome(place)));
                }
            }
        }
        let bundled = self.bundled.iter().filter(|skill| skill.name == *name);
        found.extend(bundled.filter(|skill| self.is_set(&skill.name)).cloned());
    }

    /// Whether the bundled plugin or skill of this name is wanted. A plugin with settings costs nothing until the
    /// operator has written some, which may be empty.
    fn is_set(&self, name: &str) -> bool {
        #[cfg(feature = "bundled")]
        if let Some(plugin) = BUNDLED.iter().find(|plugin| plugin.name == name)
            && plugin.manifest().is_ok_and(|manifest| manifest.settings_schema.is_some())
        {
            return self.sandbox.settings.has(name);
        }
        #[cfg(not(feature = "bundled"))]
        let _ = name;
        true
    }

    /// All packages that may be put into service. For one id the first wins. The code of a skill is a
    /// candidate if the skill is effective, enabled and available.
    ///
    /// The order is that of precedence: named folders, workspace, installed plugins, managed
    /// skills, bundled.
    pub(super) fn candidates(&self, registry: &SkillRegistry) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        self.plugins_from(PluginSource::Named, &mut candidates);
        self.skills_from(SkillLevel::Workspace, registry, &mut candidates);
        self.plugins_from(PluginSource::Installed, &mut candidates);
        self.skills_from(SkillLevel::Managed, registry, &mut candidates);
        #[cfg(feature = "bundled")]
        self.compiled_in(registry, &mut candidates);
        for content in candidates.iter_mut().filter_map(|it| it.content.as_mut().ok()) {
            // With other settings it is another version: it is loaded again, and tried again if it failed.
            if let Some(settings) = self.sandbox.settings.of(&content.manifest.id) {
                content.mix_in(&settings);
            }
        }
        candidates
    }

    /// Adds the plugins of one source. Named folders are approved by kind, installed plugins one by
    /// one and for their content.
    fn plugins_from(&self, source: PluginSource, candidates: &mut Vec<Candidate>) {
        for tree in self.plugins.iter().filter(|tree| tree.source == source) {
            candidates.extend(tree.plugins.iter().map(|(folder, plugin)| {
                let content = plugin.code.content.clone();
                let manifest = content.as_ref().ok().map(|content| &content.manifest);
                let id = manifest.map_or("", |manifest| &manifest.id);
                let (policy, command, objection) = match source {
                    PluginSource::Named => {
                        let asked = manifest.map(|manifest| &manifest.permissions);
                        let more = asked.and_then(|asked| self.added_since_start(folder, asked));
                        (self.options.approval.into(), None, more)
                    }
                    PluginSource::Installed => (
                        self.context.approvals.of(id).into(),
                        Some(format!("weft-lite plugin approve {id}")),
                        self.objection(id, plugin.package_content.as_ref()),
                    ),
                };
                let place = PackagePlace::Folder(folder.clone());
                Candidate { place, content, policy, objection, command }
            }));
        }
    }

    /// Adds the code of the skills at one level. Code runs only for a skill that is offered.
    fn skills_from(
        &self,
        level: SkillLevel,
        registry: &SkillRegistry,
        candidates: &mut Vec<Candidate>,
    ) {
        for tree in self.skills.iter().filter(|tree| tree.level == level) {
            for folder in &tree.with_code {
                let Some(skill) = tree.skills.get(folder) else { continue };
                let Some(code) = &skill.code else { continue };
                if !self.is_wanted(skill, registry) {
                    continue;
                }
                let mut content = code.content.clone();
                if let Ok(content) = &mut content {
                    content.manifest.permissions.shell |= asks_for_shell(level, skill);
                }
                candidates.push(Candidate {
                    place: PackagePlace::Folder(folder.clone()),
                    content,
                    policy: self.approval(level, skill).into(),
                    objection: self.skill_objection(level, skill),
                    command: Some(format!("weft-lite skill approve {}", skill.name())),
                });
            }
        }
    }

    /// Whether this skill is the effective one of its name, enabled and available.
    fn is_wanted(&self, skill: &KnownSkill, registry: &SkillRegistry) -> bool {
        let effective = registry.get(skill.name());
        let is_effective = effective.is_some_and(|entry| entry.path.as_ref() == Some(skill.path()));
        is_effective && skill.unmet.is_empty() && !self.switched_off.contains(skill.name())
    }

    /// Adds the bundled plugins. One goes out of service when another level has a skill of its
    /// name, or when it is switched off.
    #[cfg(feature = "bundled")]
    fn compiled_in(&self, registry: &SkillRegistry, candidates: &mut Vec<Candidate>) {
        if !self.options.bundled.is_included() {
            return;
        }
        for plugin in BUNDLED {
            let effective = registry.get(plugin.name);
            let is_effective = effective.is_none_or(|entry| entry.level == SkillLevel::Bundled);
            if !is_effective || self.switched_off.contains(plugin.name) {
                continue;
            }
            let manifest = plugin.manifest();
            let wants = manifest.as_ref().is_ok_and(|it| it.settings_schema.is_some());
            if wants && !self.sandbox.settings.has(plugin.name) {
                continue;
            }
            candidates.push(Candidate {
                place: PackagePlace::Bundled(plugin.name),
                // A bundled plugin never changes.
                content: manifest
                    .map(|manifest| Content { manifest, digest: ContentDigest::default() }),
                policy: Approval::ALL.into(),
                objection: None,
                command: None,
            });
        }
    }

    /// Why folders of packages can't be listed. Plugins that were found there before stay in
    /// service.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &PackageError> {
        self.plugins.iter().filter_map(|tree| tree.unreadable.as_ref())
    }

    /// The package at this place, if it can be read. It has no bytes: fetching reads them, and
    /// refuses those that are not the ones that were scanned.
    pub(super) fn package(&self, place: &PackagePlace) -> Option<PackageHead> {
        match place {
            PackagePlace::Folder(folder) => {
                let package = self.code(folder)?.package(folder)?;
                Some(PackageHead { settings: self.settings_access(folder), ..package })
            }
            #[cfg(feature = "bundled")]
            PackagePlace::Bundled(name) => {
                let plugin = BUNDLED.iter().find(|plugin| plugin.name == *name)?;
                let (manifest, warnings) = (plugin.manifest().ok()?, Vec::new());
                let (origin, module) = (PackageOrigin::Bundled, ModuleSource::bundled(plugin));
                let settings = SettingsAccess::Operator;
                Some(PackageHead { manifest, warnings, origin, module, settings })
            }
        }
    }

    /// Whether the package in a folder gets settings: not as the code of a workspace's skill.
    fn settings_access(&self, folder: &Path) -> SettingsAccess {
        let is_plugin = self.plugins.iter().any(|tree| tree.plugins.contains_key(folder));
        let mut skills = self.skills.iter().filter(|tree| tree.skills.contains_key(folder));
        match !is_plugin && skills.any(|tree| tree.level == SkillLevel::Workspace) {
            true => SettingsAccess::Nothing,
            false => SettingsAccess::Operator,
        }
    }

    /// The package in a folder, of a plugin or a skill.
    fn code(&self, folder: &Path) -> Option<&Code> {
        let of_plugin = self.plugins.iter().find_map(|tree| tree.plugins.get(folder));
        let of_skill = || self.skills.iter().find_map(|tree| tree.skills.get(folder));
        of_plugin.map(|plugin| &plugin.code).or_else(|| of_skill()?.code.as_ref())
    }
}
