//! The source files of the repository, and the paths that stand in their code.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
pub(crate) struct File {
    /// Its path from the repository's root, with `/`.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl std::fmt::Display for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl File {
    /// The module path of a file in `src`: `src/a/b.rs` and `src/a/b/mod.rs` are `a`, `b`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| *part != "mod").collect()
    }

    /// The folder of `src` this file is in, or its own name.
    pub(crate) fn top(&self) -> &str {
        self.module().first().copied().unwrap_or_default()
    }

    /// Every path with `::` in the code, those of `use` with their braces expanded.
    pub(crate) fn paths(&self) -> Vec<String> {
        let code: String = self
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect();
        let mut paths = Vec::new();
        for statement in code.split(';') {
            let import = statement.rfind("use ").filter(|at| {
                let before = statement[..*at].trim_end();
                before.is_empty()
                    || before.ends_with(['}', '{', ']', ')'])
                    || before.ends_with("pub")
            });
            match import {
                Some(at) => expand("", statement[at + 4..].trim(), &mut paths),
                None => paths.extend(
                    statement
                        .split(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter))
                        .filter(|word| word.contains("::"))
                        .map(str::to_owned),
                ),
            }
        }
        paths
    }

    /// The folder of `src` that a path leads to, where it leaves this file's own.
    pub(crate) fn target(&self, path: &str) -> Option<String> {
        let module = self.module();
        let mut parts = path.split("::").peekable();
        let mut depth = module.len();
        if parts.next_if(|part| *part == "crate").is_some() {
            depth = 0;
        } else {
            let mut climbed = false;
            while parts.next_if(|part| *part == "super").is_some() {
                climbed = true;
                depth = depth.saturating_sub(1);
            }
            if !climbed {
                return None;
            }
        }
        let next = parts.next().filter(|_| depth == 0)?;
        // In an inline module `super` is the file itself, whose items are no folders.
        let folder = next.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
        (folder && (path.starts_with("crate") || crate::layer(next).is_some()))
            .then(|| next.to_owned())
    }
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.split(" as ").next().unwrap_or(tree).trim();
    let Some((head, group)) = tree.split_once('{') else {
        paths.push(format!("{prefix}{tree}"));
        return;
    };
    let prefix = format!("{prefix}{}", head.trim());
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut open, mut start) = (0, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            ',' if open == 0 => {
                expand(&prefix, &group[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = group[start..].trim();
    if !last.is_empty() {
        expand(&prefix, last, paths);
    }
}

/// All Rust of the repository that people write, guests included.
pub(crate) fn everything() -> impl Iterator<Item = File> {
    ["src", "tests", "benches", "examples", "skills"].into_iter().flat_map(files)
}

/// The Rust files beneath a folder of the repository.
pub(crate) fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join(folder), &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).expect("the file is in the repository");
            let name = name.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).expect("source files are text");
            File { name, text }
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is in the repository") {
        let path = entry.expect("the folder can be listed").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
