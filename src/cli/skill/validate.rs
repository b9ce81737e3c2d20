//! `weft-lite skill validate`: checks every `SKILL.md` beneath a path.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use argh::FromArgs;
use serde::Serialize;
use weft_lite::skill::{Diagnostic, ParseMode, ParsedSkill, SKILL_BYTES, Severity, parse_skill};
use weft_lite::text::json_line;

use super::found::{self, FILE_NAME};
use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status};

/// Check every SKILL.md beneath some paths; exits with 1 if one is invalid.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "validate",
    example = "{command_name} ./my-skill\n{command_name} ./skills --strict\n{command_name} ./skills --json",
    note = "Without --strict a skill is valid if it loads; with it, if it breaks no rule of the\nAgent Skills specification. With --json, one line for each file."
)]
pub(super) struct Validate {
    /// a SKILL.md, a skill's folder, or a folder with skills anywhere beneath it (repeatable)
    #[argh(positional, arg_name = "PATH")]
    paths: Vec<PathBuf>,
    /// take each deviation from the Agent Skills specification for an error
    #[argh(switch)]
    strict: bool,
}

/// The report on one file.
#[derive(Debug, Serialize)]
struct FileRow {
    path: String,
    name: Option<String>,
    valid: bool,
    state: FileState,
    diagnostics: Vec<Diagnostic>,
}

/// The state that the loader would give a file, from the file alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum FileState {
    Active,
    Invalid,
}

pub(super) fn run(command: &Validate, options: &Options) -> Result<Status, CommandFailure> {
    if command.paths.is_empty() {
        return Err(CommandFailure::usage(
            &"there is no path to look at",
            &"give a skill's folder, or a folder of such folders",
        ));
    }
    let mode = if command.strict { ParseMode::Strict } else { ParseMode::Lenient };
    let mut tally = FileCounts::default();
    for path in &command.paths {
        let found = found::find(path).map_err(|error| unreadable(path, &error))?;
        for (path, reason) in &found.skipped {
            output::message(&format_args!("warning: {} {reason}", path.display()));
        }
        if found.files.is_empty() {
            return Err(CommandFailure::work(
                &format_args!("there is no {FILE_NAME} in {}", path.display()),
                &format_args!("a skill is a folder with a `{FILE_NAME}`"),
            ));
        }
        for file in &found.files {
            let row = FileRow::read(file, mode);
            tally.count(&row);
            if options.json {
                output::data(&json_line(&row.value()))?;
            } else if !row.diagnostics.is_empty() {
                output::guest_text(&row.text())?;
            }
        }
    }
    output::message(&tally.sentence());
    Ok(if tally.invalid == 0 { Status::Done } else { Status::Failed })
}

fn unreadable(path: &Path, error: &io::Error) -> CommandFailure {
    CommandFailure::work(
        &format_args!("{} can't be read: {error}", path.display()),
        &"give a skill's folder, or a folder of such folders",
    )
}

impl FileRow {
    fn read(path: &Path, mode: ParseMode) -> Self {
        let ParsedSkill { document, mut diagnostics } = match bytes(path) {
            Ok(bytes) => parse_skill(&bytes, &folder(path), mode),
            Err(error) => ParsedSkill {
                document: None,
                diagnostics: vec![about_file(
                    Severity::Error,
                    "unreadable-file",
                    format!("the file can't be read: {error}"),
                    "make it a readable file".into(),
                )],
            },
        };
        if let Some(diagnostic) = misnamed(path, mode) {
            diagnostics.insert(0, diagnostic);
        }
        let errors = diagnostics.iter().any(|it| it.severity == Severity::Error);
        let state = if document.is_some() { FileState::Active } else { FileState::Invalid };
        Self {
            path: path.display().to_string(),
            name: document.map(|document| document.name),
            valid: state == FileState::Active && !errors,
            state,
            diagnostics,
        }
    }

    /// A line for each diagnostic, and one for its suggestion.
    fn text(&self) -> String {
        let lines = self.diagnostics.iter().map(|diagnostic| {
            // A message is one line, even if the file's text has line breaks.
            let line = format!("{}:{diagnostic}", self.path).replace('\n', " ");
            match &diagnostic.suggestion {
                Some(write) => {
                    format!("{line}\n  try: {}", write.trim_end().replace('\n', "\n       "))
                }
                None => line,
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The file's bytes, at most one more than allowed.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let source: &mut dyn Read = &mut File::open(path)?;
    source.take(SKILL_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a file's folder, even if the path does not contain it.
pub(super) fn folder(path: &Path) -> String {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let real = parent.file_name().map(Into::into);
    let real = real.or_else(|| Some(parent.canonicalize().ok()?.file_name()?.to_owned()));
    real.unwrap_or_default().to_string_lossy().into_owned()
}

/// The diagnostic for the file's own name.
pub(super) fn misnamed(path: &Path, mode: ParseMode) -> Option<Diagnostic> {
    let name = path.file_name()?.to_string_lossy();
    let severity = if mode == ParseMode::Strict { Severity::Error } else { Severity::Note };
    let message = format!("the file is named `{name}`, not `{FILE_NAME}`");
    let write = format!("rename it to {FILE_NAME}");
    (name != FILE_NAME).then(|| about_file(severity, "file-name", message, write))
}

fn about_file(
    severity: Severity,
    code: &'static str,
    message: String,
    suggestion: String,
) -> Diagnostic {
    Diagnostic { severity, code, line: 1, column: 1, message, suggestion: Some(suggestion) }
}

/// The numbers of files, by result.
#[derive(Debug, Default)]
struct FileCounts {
    files: usize,
    invalid: usize,
    remarked: usize,
}

impl FileCounts {
    fn count(&mut self, row: &FileRow) {
        self.files += 1;
        self.invalid += usize::from(!row.valid);
        let warned = row.diagnostics.iter().any(|it| it.severity >= Severity::Warning);
        self.remarked += usize::from(row.valid && warned);
    }

    fn sentence(&self) -> String {
        let Self { files, invalid, remarked } = self;
        let noun = if *files == 1 { "skill" } else { "skills" };
        let valid = files - invalid;
        format!(
            "{files} {noun}: {valid} valid, {remarked} of them with warnings; {invalid} invalid"
        )
    }
}
