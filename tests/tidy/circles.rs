//! No two files import each other, directly or through others, unless one is the other's parent.
//!
//! A path is followed through the re-exports of every `mod.rs` to the file that has the item.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, files};

#[test]
fn imports_between_files_form_no_circle() {
    let circles = circles(&Graph::of(&files("src")));
    assert!(circles.is_empty(), "these files import each other:\n{}", circles.join("\n"));
}

/// A module's path from the root of the crate, with `::`; the root itself is empty.
type Module = String;

/// Which file imports which.
struct Graph(BTreeMap<Module, BTreeSet<Module>>);

impl Graph {
    fn of(files: &[File]) -> Self {
        let modules: BTreeMap<Module, &File> =
            files.iter().map(|file| (module_of(file), file)).collect();
        let names = Names::of(&modules);
        let imports = |(module, file): (&Module, &&File)| {
            let paths = code_paths(file);
            let targets = paths.iter().filter_map(|path| names.file(module, path));
            let others = targets.filter(|target| !are_parent_and_child(module, target)).collect();
            (module.clone(), others)
        };
        Self(modules.iter().map(imports).collect())
    }

    /// Every file that `start` imports, directly or through others.
    fn reachable(&self, start: &Module) -> BTreeSet<Module> {
        let mut found = BTreeSet::new();
        let mut open = vec![start];
        while let Some(module) = open.pop() {
            for target in &self.0[module] {
                if found.insert(target.clone()) {
                    open.push(target);
                }
            }
        }
        found
    }
}

/// Where the names in scope of a module come from.
struct Names<'a> {
    modules: &'a BTreeMap<Module, &'a File>,
    /// The imports of a module, by the name that they bring: an absolute path each.
    imports: BTreeMap<Module, BTreeMap<String, String>>,
}

impl<'a> Names<'a> {
    fn of(modules: &'a BTreeMap<Module, &'a File>) -> Self {
        let mut names = Self { modules, imports: BTreeMap::new() };
        for (module, file) in modules {
            let paths = code_paths(file);
            let absolute = paths.iter().filter_map(|path| names.absolute(module, path));
            let named = absolute.filter_map(|path| {
                let name = path.rsplit("::").next()?.to_owned();
                Some((name, path))
            });
            let imports = named.collect();
            names.imports.insert(module.clone(), imports);
        }
        names
    }

    /// `path`, as `module` writes it, from the root of the crate; `None` for other crates.
    fn absolute(&self, module: &str, path: &str) -> Option<String> {
        let mut parts: Vec<_> = path.split("::").collect();
        let mut base: Vec<_> = module.split("::").filter(|part| !part.is_empty()).collect();
        match *parts.first()? {
            "crate" => {
                base.clear();
                parts.remove(0);
            }
            "self" => {
                parts.remove(0);
            }
            "super" => {
                while parts.first() == Some(&"super") {
                    base.pop()?;
                    parts.remove(0);
                }
            }
            first if self.modules.contains_key(&join(module, first)) => {}
            _ => return None,
        }
        base.extend(parts);
        Some(base.join("::"))
    }

    /// The file whose item `path` names in `module`.
    fn file(&self, module: &str, path: &str) -> Option<Module> {
        let mut path = self.absolute(module, path)?;
        // A re-export leads to another path; a chain of them is short.
        for _ in 0..8 {
            let mut at = Module::new();
            let mut parts = path.split("::").peekable();
            while let Some(next) = parts.peek() {
                let inner = join(&at, next);
                if !self.modules.contains_key(&inner) {
                    break;
                }
                at = inner;
                parts.next();
            }
            let Some(name) = parts.next() else { return Some(at) };
            let import = self.imports.get(&at).and_then(|imports| imports.get(name));
            match import.filter(|import| **import != path) {
                Some(import) => {
                    let rest: Vec<_> = parts.collect();
                    path = [import.as_str()].into_iter().chain(rest).collect::<Vec<_>>().join("::");
                }
                None => return Some(at),
            }
        }
        None
    }
}

/// The groups of files that import each other, a text each.
fn circles(graph: &Graph) -> Vec<String> {
    let reachable: BTreeMap<_, _> =
        graph.0.keys().map(|module| (module, graph.reachable(module))).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for (module, targets) in &reachable {
        if !targets.contains(*module) || !seen.insert((*module).clone()) {
            continue;
        }
        let group: BTreeSet<_> =
            targets.iter().filter(|target| reachable[target].contains(*module)).collect();
        seen.extend(group.iter().map(|member| (*member).clone()));
        let lines = group.iter().map(|member| {
            let inner: Vec<_> =
                graph.0[*member].iter().filter(|target| group.contains(target)).cloned().collect();
            format!("  {member} -> {}", inner.join(", "))
        });
        circles.push(lines.collect::<Vec<_>>().join("\n") + "\n");
    }
    circles
}

/// The paths in a file without those of its inline tests, where `super` is the file itself.
fn code_paths(file: &File) -> Vec<String> {
    let code = file.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    File { name: file.name.clone(), text: code.to_owned() }.paths()
}

fn module_of(file: &File) -> Module {
    file.module().into_iter().filter(|part| *part != "lib").collect::<Vec<_>>().join("::")
}

fn join(module: &str, name: &str) -> Module {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn are_parent_and_child(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with("::"))
    };
    within(one, other) || within(other, one)
}

#[test]
fn circles_are_found_through_re_exports() {
    let file = |name: &str, text: &str| File { name: name.into(), text: text.into() };
    let files = [
        file("src/lib.rs", "mod a;\nmod b;\n"),
        file("src/a/mod.rs", "mod one;\nmod two;\npub use one::One;\n"),
        file("src/a/one.rs", "use super::two::Two;\n"),
        file("src/a/two.rs", "use crate::b::Three;\n"),
        file("src/b.rs", "use crate::a::One;\n"),
    ];
    let found = circles(&Graph::of(&files));
    assert_eq!(found, ["  a::one -> a::two\n  a::two -> b\n  b -> a::one\n"]);
    assert!(circles(&Graph::of(&files[..4])).is_empty());
}
