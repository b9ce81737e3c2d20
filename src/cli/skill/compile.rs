//! `weft-lite skill compile`: makes a plugin of the `recipe.yaml` in a skill's folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use argh::FromArgs;
use serde_json::json;
use weft_lite::errors::ActionableError;
use weft_lite::package::MANIFEST_NAMES;
use weft_lite::recipe::{self, RecipeIdentity, is_compiled_recipe};
use weft_lite::skill::{ParseMode, SKILL_FILES, Severity, SkillDocument, parse_skill};
use weft_lite::text::shell_word;
use weft_lite::{GeneratedFrom, PluginManifest};

use super::validate;
use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status, output};

const RECIPE: &str = "recipe.yaml";
const MODULE: &str = "plugin.wasm";

/// Compile the recipe.yaml in a skill's folder to a plugin of that skill.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "compile",
    example = "{command_name} ./word-report\n{command_name} ./word-report --force",
    note = "A recipe is a list of steps that call tools of other plugins; `skills/recipe/README.md`\ndescribes it. weft.plugin.json and plugin.wasm are written beside it, and ask for the tools\nthat the recipe calls. A SKILL.md there has to follow the specification."
)]
pub(super) struct CompileSkill {
    /// the folder with the recipe.yaml
    #[argh(positional, arg_name = "DIR")]
    folder: PathBuf,
    /// overwrite a plugin that was not compiled from a recipe
    #[argh(switch)]
    force: bool,
}

pub(super) fn run(command: &CompileSkill, options: &Options) -> Result<Status, CommandFailure> {
    let folder = &command.folder;
    let place = folder.join(RECIPE);
    let text = validate::bytes(&place).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
    });
    let text = text.map_err(|error| {
        CommandFailure::work(
            &format_args!("{} can't be read: {error}", place.display()),
            &format_args!("name a folder with a `{RECIPE}` in UTF-8"),
        )
    })?;
    let name = validate::folder(&place);
    let (document, mut faults) = skill(folder, &name);
    let identity = RecipeIdentity {
        name: &name,
        version: document.as_ref().and_then(|it| it.version.as_deref()),
        description: document.as_ref().map(|it| it.description.as_str()),
    };
    let compiled = recipe::compile(&text, &identity);
    let next_step = compiled.as_ref().err().map(ActionableError::next_step);
    if let Err(error) = &compiled {
        faults.extend(error.to_string().lines().map(|line| format!("{RECIPE}: {line}")));
    }
    let Ok(compiled) =
        compiled.map_err(drop).and_then(|it| faults.is_empty().then_some(it).ok_or(()))
    else {
        let next_step = next_step.unwrap_or_else(|| "correct it, then compile again".into());
        let message = format!("nothing was written in {}\n{}", folder.display(), faults.join("\n"));
        return Err(CommandFailure::work(&message, &next_step));
    };
    if !command.force {
        keep_foreign(folder)?;
    }
    let manifest = folder.join(MANIFEST_NAMES[0]);
    let module = folder.join(MODULE);
    let files = [(&module, compiled.module.as_slice()), (&manifest, compiled.manifest.as_bytes())];
    replace(&files).map_err(|error| {
        CommandFailure::work(
            &format_args!("{} can't be written to: {error}", folder.display()),
            &"make the folder writable, then compile again",
        )
    })?;
    if options.json {
        output::record(&[
            ("name", &name),
            ("tool", &compiled.tool),
            ("manifest", &manifest.display().to_string()),
            ("module", &module.display().to_string()),
            ("module_bytes", &compiled.module.len()),
            ("permissions", &json!({ "tools": compiled.tools })),
        ])?;
        return Ok(Status::Done);
    }
    output::data(&module.display().to_string())?;
    let asks = match compiled.tools.as_slice() {
        [] => "it asks for no tools".to_owned(),
        tools => format!("it asks for {}", tools.join(", ")),
    };
    let kind = if document.is_some() { "skill" } else { "plugin" };
    let folder = folder.to_string_lossy();
    output::message(&format_args!(
        "{asks}; next: install it with `weft-lite {kind} install {}`",
        shell_word(&folder)
    ));
    Ok(Status::Done)
}

/// The `SKILL.md` of the folder, if it has one, and what is wrong with it.
fn skill(folder: &Path, name: &str) -> (Option<SkillDocument>, Vec<String>) {
    let places = SKILL_FILES.iter().map(|file| folder.join(file));
    let Some(place) = places.into_iter().find(|place| place.symlink_metadata().is_ok()) else {
        return (None, Vec::new());
    };
    let file = place.file_name().unwrap_or_default().to_string_lossy();
    let parsed = match validate::bytes(&place) {
        Ok(bytes) => parse_skill(&bytes, name, ParseMode::Strict),
        Err(error) => return (None, vec![format!("{file} can't be read: {error}")]),
    };
    let misnamed = validate::misnamed(&place, ParseMode::Strict);
    let all = misnamed.into_iter().chain(parsed.diagnostics);
    let errors = all.filter(|it| it.severity == Severity::Error);
    let faults = errors.map(|it| format!("{file}:{it}").replace('\n', " ")).collect();
    (parsed.document, faults)
}

/// Refuses to overwrite a plugin that this command did not make.
fn keep_foreign(folder: &Path) -> Result<(), CommandFailure> {
    let is_there = |file: &&str| folder.join(file).symlink_metadata().is_ok();
    let read = |file: &str| validate::bytes(&folder.join(file)).unwrap_or_default();
    let is_ours = |file: &str| match file {
        MODULE => is_compiled_recipe(&read(file)),
        _ => {
            let text = String::from_utf8(read(file)).unwrap_or_default();
            let parsed = PluginManifest::from_json(&text);
            parsed.is_ok_and(|it| it.manifest.generated == Some(GeneratedFrom::Recipe))
        }
    };
    let mut files = MANIFEST_NAMES.into_iter().chain([MODULE]).filter(is_there);
    match files.find(|file| !is_ours(file)) {
        None => Ok(()),
        Some(file) => Err(CommandFailure::work(
            &format_args!("{} was not compiled from a recipe", folder.join(file).display()),
            &"compile in another folder, or overwrite it with `--force`",
        )),
    }
}

/// Replaces files, each as a whole, once all of them are on the disk.
fn replace(files: &[(&PathBuf, &[u8])]) -> io::Result<()> {
    let beside = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.with_file_name(format!(".{name}.{}", std::process::id()))
    };
    let written = files.iter().try_for_each(|(path, bytes)| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(beside(path))?;
        file.write_all(bytes)?;
        file.sync_all()
    });
    let replaced = written
        .and_then(|()| files.iter().try_for_each(|(path, _)| fs::rename(beside(path), path)));
    if replaced.is_err() {
        for (path, _) in files {
            // What is not there can't be removed.
            let _ = fs::remove_file(beside(path));
        }
    }
    replaced
}
