//! The known skills beneath one root. Only changed skills are read again.
//!
//! There may be ten thousand skills. So an unchanged file is recognised by its metadata, a reload
//! of single paths looks only at what they affect, and what did not change stays the same object,
//! which makes comparing cheap.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::{ScanContext, Scope};
use crate::contract::{SortedMap, SortedSet};
use crate::package::{PackageContent, PackageKind, is_installed};
use crate::sandbox::PackageRoot;
use crate::skill::{
    Diagnostic, Fingerprint, FoundSkill, ParsedSkill, Readiness, SKILL_FILES, SkillDocument,
    SkillFiles, SkillFolder, SkillFormat, SkillLevel, SkillReader, SkillRoot, slug,
};

/// The skills beneath one root. Whatever adds, changes or removes a skill records it as touched;
/// the registry is built anew from the touched names alone.
pub(super) struct SkillTree {
    /// The root, as the options or a manifest name it.
    path: PathBuf,
    scope: WalkScope,
    pub(super) level: SkillLevel,
    /// The root at the last refresh. Another folder under the same path means that the whole tree
    /// is walked again.
    root: Option<SkillRoot>,
    /// By folder. They are boxed, because a sorted map moves its entries when one is inserted.
    pub(super) skills: SortedMap<PathBuf, Box<KnownSkill>>,
    /// The folders of skills with their own code.
    pub(super) with_code: SortedSet<PathBuf>,
    /// The folders of skills behind links, which may change by a change elsewhere.
    linked: SortedSet<PathBuf>,
    /// Names and folders of skills that have changed.
    touched: Vec<(Arc<str>, PathBuf)>,
}

/// A folder's files that belong to a skill, or why none of its files may be read.
type FolderFiles = Result<SkillFiles, Diagnostic>;
/// The skills' folders that a walk has found.
type FoundFolders = SortedMap<PathBuf, FolderFiles>;

/// The part of the disk that a tree covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WalkScope {
    /// Everything beneath the root.
    Beneath,
    /// Everything beneath the root, which has to be inside this folder.
    Inside(PathBuf),
    /// Only the root's own file.
    Own,
}

/// A skill as it was read last. Its parts are shared with the registry, and an equal part keeps its
/// identity when the skill is read again.
pub(super) struct KnownSkill {
    /// The metadata of its files when they were read.
    fingerprint: Fingerprint,
    /// Whether a link leads to it.
    linked: bool,
    /// Its name in the registry: that of its document, or of its folder without one.
    name: Arc<str>,
    /// Its file, or its folder where none of its files may be read.
    path: Arc<Path>,
    /// Its last usable text. `None` if there was none yet.
    document: Option<Arc<SkillDocument>>,
    diagnostics: Arc<[Diagnostic]>,
    /// Whether its file can't be used now, so that the document is an older one.
    outdated: bool,
    /// The requirements that this machine does not meet, one sentence each.
    pub(super) unmet: Vec<String>,
    /// Its module; plugins have theirs elsewhere.
    pub(super) code: Option<Code>,
    /// Its content, if an approval may depend on it.
    pub(super) package_content: Option<PackageContent>,
}

impl SkillTree {
    /// A tree in which nothing was read yet.
    pub(super) fn new(path: PathBuf, level: SkillLevel, scope: WalkScope) -> Self {
        Self {
            path,
            scope,
            level,
            root: None,
            skills: SortedMap::new(),
            with_code: SortedSet::new(),
            linked: SortedSet::new(),
            touched: Vec::new(),
        }
    }

    /// The skills that have changed since the last call.
    pub(super) fn touched(&mut self) -> Vec<(Arc<str>, PathBuf)> {
        std::mem::take(&mut self.touched)
    }

    /// Records that every skill may have changed.
    pub(super) fn touch_all(&mut self) {
        let skills = self.skills.iter();
        self.touched
            .extend(skills.map(|(folder, skill)| (Arc::clone(&skill.name), folder.clone())));
    }

    /// Records that every skill is gone.
    pub(super) fn clear(&mut self) {
        self.with_code.clear();
        self.linked.clear();
        let skills = std::mem::take(&mut self.skills).into_iter();
        self.touched.extend(skills.map(|(folder, skill)| (skill.name, folder)));
    }

    /// Adds or replaces a skill, and keeps the two sets of folders in step with it.
    fn insert(&mut self, folder: PathBuf, skill: Box<KnownSkill>) {
        let mark = |set: &mut SortedSet<PathBuf>, is_in: bool| match is_in {
            true => set.insert(folder.clone()),
            false => set.remove(&folder),
        };
        mark(&mut self.with_code, skill.code.is_some());
        mark(&mut self.linked, skill.linked);
        self.skills.insert(folder, skill);
    }

    /// Removes a skill from the map and both sets.
    fn remove(&mut self, folder: &Path) -> Option<Box<KnownSkill>> {
        let skill = self.skills.remove(folder)?;
        self.with_code.remove(folder);
        self.linked.remove(folder);
        Some(skill)
    }

    /// The folders of skills behind links, and these skills.
    pub(super) fn linked(&self) -> impl Iterator<Item = (&PathBuf, &KnownSkill)> {
        let linked = self.linked.iter();
        linked.filter_map(|folder| Some((folder, &**self.skills.get(folder)?)))
    }

    /// The root.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the tree up to date. `scope` names what may have changed. A root that is gone has no
    /// skills.
    pub(super) fn refresh(&mut self, scope: &Scope, context: &ScanContext) {
        let before = self.root.take();
        self.root = SkillRoot::open(&self.path).filter(|root| self.scope.allows(root));
        let Some(root) = self.root.clone() else {
            self.clear();
            return;
        };
        // A root that can be resolved but not opened has just been removed.
        let Ok(reader) = SkillReader::open(&root) else {
            self.clear();
            return;
        };
        let held = context.authority.root(&self.path);
        let whole = before.as_ref() != Some(&root) || scope.covers(&self.path);
        let (found, gone) = match scope {
            Scope::Paths(paths) if !whole => self.affected(&root, paths),
            _ => {
                let found = match self.scope {
                    WalkScope::Own => root.look(&self.path).into_iter().collect(),
                    WalkScope::Beneath | WalkScope::Inside(_) => root.walk(),
                };
                let found = by_path(found);
                let gone = without(self.skills.keys(), &found);
                (found, gone)
            }
        };
        for folder in gone {
            let skill = self.remove(&folder);
            self.touched.extend(skill.map(|skill| (skill.name, folder)));
        }
        for (path, content) in found {
            self.update(&root, &reader, (path, content), scope, context, &held);
        }
    }

    /// The skills' folders that changed paths affect: those found now, and the known ones that are gone.
    fn affected(
        &self,
        root: &SkillRoot,
        paths: &SortedSet<PathBuf>,
    ) -> (FoundFolders, Vec<PathBuf>) {
        let mut single: Vec<&Path> = Vec::new();
        let mut found: Vec<SkillFolder> = Vec::new();
        let mut known: Vec<&PathBuf> = Vec::new();
        let within = |path: &&PathBuf| path.starts_with(&self.path);
        for path in paths.iter().filter(within) {
            // A file belongs to the skills above it.
            let above = path.ancestors().take_while(|above| above.starts_with(&self.path));
            single.extend(above.filter(|above| self.skills.contains_key(*above)));
            if path.file_name().and_then(OsStr::to_str).is_some_and(makes_a_skill) {
                single.extend(path.parent());
            }
            // A skill file turns the folders beneath it into content of the skill, and its removal the reverse.
            let is_skill_file = path
                .file_name()
                .and_then(OsStr::to_str)
                .is_some_and(|it| SKILL_FILES.contains(&it));
            let from = path.parent().filter(|_| is_skill_file).unwrap_or(path);
            let beneath = self.skills.range_from(from).map(|(folder, _)| folder);
            known.extend(beneath.take_while(|folder| folder.starts_with(from)));
            if self.scope != WalkScope::Own {
                found.extend(root.walk_from(from));
            }
        }
        // The target of a link may change without a change of the link.
        single.extend(self.linked.iter().map(PathBuf::as_path));
        let mut found = by_path(found);
        for folder in SortedSet::from_iter(single) {
            known.extend(self.skills.get_key_value(folder).map(|(folder, _)| folder));
            if !found.contains_key(folder) {
                found.extend(root.look(folder).map(|it| (it.path, it.content)));
            }
        }
        let gone = without(SortedSet::from_iter(known), &found);
        (found, gone)
    }

    /// Reads the skill in one folder, unless its files are unchanged. A folder that a link or a
    /// mount leads to is closed to plugins before it is read, so that none can change what is about
    /// to be trusted.
    fn update(
        &mut self,
        root: &SkillRoot,
        reader: &SkillReader,
        (folder, content): (PathBuf, FolderFiles),
        scope: &Scope,
        context: &ScanContext,
        held: &PackageRoot<'_>,
    ) {
        let files = match content {
            Ok(files) => files,
            Err(diagnostic) => {
                let mut known = self.remove(&folder);
                let skill = Box::new(KnownSkill::refused(&folder, diagnostic));
                // The same refusal is no change.
                let same = known.take_if(|known| known.diagnostics == skill.diagnostics);
                if same.is_none() {
                    self.touch(known.as_deref(), &skill, &folder);
                }
                self.insert(folder, same.unwrap_or(skill));
                return;
            }
        };
        let known = self.skills.get_mut(&folder);
        let module = known.as_ref().and_then(|known| known.code.as_ref()?.module_path());
        let own = [files.file].into_iter().chain(files.code.iter().map(String::as_str));
        let read = own.map(|name| folder.join(name)).chain(module.map(|path| folder.join(path)));
        let fingerprint = Fingerprint::of(read);
        let is_same = |known: &KnownSkill| {
            !scope.names(&folder) && fingerprint.is_same_as(&known.fingerprint)
        };
        if let Some(known) = known.filter(|known| is_same(known)) {
            // The requirements may be met or missed now, even if the file is the same.
            let unmet = known.document.as_ref().map_or_else(Vec::new, |it| context.unmet(it));
            if known.unmet != unmet {
                known.unmet = unmet;
                self.touched.push((Arc::clone(&known.name), folder));
            }
            return;
        }
        let name = folder.file_name().or_else(|| root.real.file_name());
        let name = name.unwrap_or_default().to_string_lossy();
        held.close_if_outside(&folder);
        let parsed = reader.read(&files.place.join(files.file), &name);
        let has_code = matches!(self.scope, WalkScope::Beneath) && !files.code.is_empty();
        let known = self.remove(&folder).map(|known| *known);
        let before = known.as_ref().map(|known| Arc::clone(&known.name));
        let mut skill = Box::new(KnownSkill::read(&folder, &files, parsed, known, context));
        skill.fingerprint = fingerprint;
        let code = skill.code.take();
        if has_code {
            let version = skill.document.as_ref().and_then(|it| it.version.as_deref());
            let (name, limits) = (&skill.name, context.limits);
            skill.code = Code::of_skill(&folder, &files.code, name, version, code, limits);
        }
        skill.package_content = self.package_content(&folder, &skill, context);
        self.touched.extend(before.map(|name| (name, folder.clone())));
        self.touch(None, &skill, &folder);
        self.insert(folder, skill);
    }

    /// The content of a skill, if it has code, was installed or has an approval, or if its tools reach a shell.
    fn package_content(
        &self,
        folder: &Path,
        skill: &KnownSkill,
        context: &ScanContext,
    ) -> Option<PackageContent> {
        let id = PackageKind::Skill.approval_id(&skill.name);
        let document = skill.document.as_ref();
        let reaches_shell = || document.is_some_and(|document| !document.shell_tools().is_empty());
        let is_kept = self.level == SkillLevel::Managed
            && (is_installed(folder) || context.approvals.knows(&id) || reaches_shell());
        let version = document.and_then(|document| document.version.as_deref());
        (is_kept || skill.code.is_some())
            .then(|| context.package_content(folder, version))
            .flatten()
    }

    /// Records that a skill has changed.
    fn touch(&mut self, before: Option<&KnownSkill>, after: &KnownSkill, folder: &Path) {
        let skills = before.into_iter().chain([after]);
        self.touched.extend(skills.map(|skill| (Arc::clone(&skill.name), folder.to_owned())));
    }
}

impl WalkScope {
    /// Whether a root may be read. The folders that a plugin's manifest names have to be inside the
    /// plugin, wherever links lead.
    fn allows(&self, root: &SkillRoot) -> bool {
        match self {
            Self::Inside(folder) => {
                SkillRoot::open(folder).is_some_and(|it| root.real.starts_with(it.real))
            }
            Self::Beneath | Self::Own => true,
        }
    }
}

impl KnownSkill {
    /// A folder that is a skill and whose files may not be read. It stays visible, with the reason.
    fn refused(folder: &Path, diagnostic: Diagnostic) -> Self {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        Self {
            fingerprint: Fingerprint::default(),
            linked: true,
            name: slug(&name).into(),
            path: folder.into(),
            document: None,
            diagnostics: [diagnostic].into(),
            outdated: false,
            unmet: Vec::new(),
            code: None,
            package_content: None,
        }
    }

    /// The skill as its file is now. If the file can't be used, its last usable version stays.
    fn read(
        folder: &Path,
        files: &SkillFiles,
        parsed: ParsedSkill,
        known: Option<Self>,
        context: &ScanContext,
    ) -> Self {
        let ParsedSkill { mut document, diagnostics } = parsed;
        let has_clawft_module = files.code.iter().any(|name| name == "module.wasm");
        if let Some(document) = document.as_mut().filter(|_| has_clawft_module) {
            document.format = SkillFormat::Clawft;
        }
        let path = folder.join(files.file);
        let (before, diagnostics_before, path_before, name_before, code) = match known {
            Some(known) => {
                let Self { document, diagnostics, path, name, code, .. } = known;
                (document, Some(diagnostics), Some(path), Some(name), code)
            }
            None => Default::default(),
        };
        let outdated = document.is_none() && before.is_some();
        let document = match (document, before) {
            // Equal documents stay the same object, so that comparing is cheap.
            (Some(new), Some(old)) if new == *old => Some(old),
            (Some(new), _) => Some(Arc::new(new)),
            (None, before) => before,
        };
        let name = match &document {
            Some(document) => document.name.clone(),
            None => slug(&folder.file_name().unwrap_or_default().to_string_lossy()),
        };
        Self {
            fingerprint: Fingerprint::default(),
            linked: files.linked,
            name: name_before.filter(|old| **old == *name).unwrap_or_else(|| name.into()),
            path: path_before.filter(|old| **old == *path).unwrap_or_else(|| path.into()),
            unmet: document.as_ref().map_or_else(Vec::new, |document| context.unmet(document)),
            document,
            diagnostics: match diagnostics_before {
                Some(old) if *old == *diagnostics => old,
                _ => diagnostics.into(),
            },
            outdated,
            code,
            package_content: None,
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its file, by which the registry tells skills of one name apart.
    pub(super) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Its last usable text.
    pub(super) fn document(&self) -> Option<&Arc<SkillDocument>> {
        self.document.as_ref()
    }

    /// The skill for the registry. `readiness` is what approvals and its plugin allow; unmet
    /// requirements come first.
    pub(super) fn as_found(
        &self,
        level: SkillLevel,
        provider: Option<&Arc<str>>,
        readiness: Readiness,
    ) -> FoundSkill {
        FoundSkill {
            name: Arc::clone(&self.name),
            level,
            path: Some(Arc::clone(&self.path)),
            document: self.document.clone(),
            diagnostics: Arc::clone(&self.diagnostics),
            provider: provider.cloned(),
            outdated: self.outdated,
            readiness: match self.unmet.as_slice() {
                [] => readiness,
                unmet => Readiness::Unavailable(unmet.to_vec()),
            },
        }
    }
}

/// The folders in the order of their paths, so that each is inserted at the end.
fn by_path(folders: Vec<SkillFolder>) -> FoundFolders {
    folders.into_iter().map(|it| (it.path, it.content)).collect()
}

/// The known folders that are not among the found ones.
fn without<'a>(known: impl IntoIterator<Item = &'a PathBuf>, found: &FoundFolders) -> Vec<PathBuf> {
    known.into_iter().filter(|folder| !found.contains_key(*folder)).cloned().collect()
}

/// Whether a file of this name makes its folder a skill, or a skill with code.
fn makes_a_skill(name: &str) -> bool {
    SKILL_FILES.contains(&name) || name.ends_with(".wasm") || name.contains(".plugin.")
}
