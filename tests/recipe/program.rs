//! `weft-lite skill compile`, as its user types it.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{Dir, Ran};

const RECIPE: &str = "parameters:\n  text: { type: string }\nsteps:\n  - name: counts\n    call: text-stats__text_stats\n    with: { text: \"{{text}}\" }\nresult: \"{{counts.words}} words\"\n";
const SKILL: &str = "---\nname: count\ndescription: Says how many words a text has.\nmetadata:\n  version: \"2.1.0\"\n---\n\n# Count\n";

struct Place(Dir);

impl Place {
    /// A folder `count` with a skill and its recipe.
    fn new() -> Self {
        let place = Self(Dir::new());
        fs::create_dir(place.0.path("count")).unwrap();
        place.0.write("count/SKILL.md", SKILL);
        place.0.write("count/recipe.yaml", RECIPE);
        place
    }

    #[track_caller]
    fn run(&self, line: &str) -> Ran {
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = self.0.bare_command(&arguments).output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path("count")).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_skill_with_a_recipe_gets_a_tool() {
    let place = Place::new();
    place.run("skill compile count").exits(0).prints("count/plugin.wasm\n").says(
        "it asks for text-stats__text_stats; next: install it with `weft-lite skill install count`",
    );
    assert_eq!(place.files(), ["SKILL.md", "plugin.wasm", "recipe.yaml", "weft.plugin.json"]);
    let manifest = fs::read_to_string(place.0.path("count/weft.plugin.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((&manifest["version"], &manifest["id"]), (&json!("2.1.0"), &json!("count")));
    assert_eq!(manifest["permissions"], json!({ "tools": ["text-stats__text_stats"] }));

    let before = fs::read(place.0.path("count/plugin.wasm")).unwrap();
    let again = place.run("skill compile count --json").exits(0).json();
    assert_eq!(again["tool"], "count");
    assert_eq!(again["module_bytes"], before.len());
    assert_eq!(again["permissions"], json!({ "tools": ["text-stats__text_stats"] }));
    assert_eq!(fs::read(place.0.path("count/plugin.wasm")).unwrap(), before);

    place.run("skill install count --yes").exits(0);
    place.run("call count__count {\"text\":\"one_two,three\"}").exits(0).prints("\"3 words\"\n");
}

#[test]
fn nothing_is_written_if_anything_is_wrong() {
    let place = Place::new();
    let broken = RECIPE.replace("counts.words", "count.words").replace("with:", "wiht:");
    place.0.write("count/recipe.yaml", broken);
    place.0.write("count/SKILL.md", SKILL.replace("name: count", "name: Count"));
    let ran = place.run("skill compile count").exits(1);
    let ran = ran.says("nothing was written in count").says("SKILL.md:2:");
    let ran = ran.says("recipe.yaml: `steps[0].wiht`: unknown key; did you mean `with`?");
    ran.says("recipe.yaml: `result`: `count` is the name of no parameter and no earlier step; did you mean `counts`?")
        .says("try: correct the recipe at these places, then compile it again");
    assert_eq!(place.files(), ["SKILL.md", "recipe.yaml"]);
    let failure = place.run("skill compile count --json").exits(1).json();
    assert_eq!(failure["ok"], false);
    // A fault of the skill alone is enough.
    place.0.write("count/recipe.yaml", RECIPE);
    place.run("skill compile count").exits(1).says("SKILL.md:2:").says("try: correct it");
    assert_eq!(place.files(), ["SKILL.md", "recipe.yaml"]);
    let absent = place.run("skill compile nowhere").exits(1);
    absent.says("nowhere/recipe.yaml can't be read").says("name a folder with a `recipe.yaml`");
    place.0.write("count/recipe.yaml", b"result: \xff\n");
    place.run("skill compile count").exits(1).says("can't be read: it is not UTF-8");
}

#[test]
fn foreign_plugins_are_kept() {
    for (file, content) in [
        ("plugin.wasm", "\0asm\u{1}\0\0\0"),
        (
            "weft.plugin.json",
            "{\"id\": \"count\", \"name\": \"x\", \"version\": \"1.0.0\", \"capabilities\": [\"tool\"], \"wasm_module\": \"plugin.wasm\"}",
        ),
        ("clawft.plugin.yaml", "id: count\n"),
    ] {
        let place = Place::new();
        let path = place.0.write(&format!("count/{file}"), content);
        place
            .run("skill compile count")
            .exits(1)
            .says(&format!("count/{file} was not compiled from a recipe"))
            .says("overwrite it with `--force`");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(place.files().len(), 3);
        place.run("skill compile count --force").exits(0);
        place.run("plugin inspect count").exits(0);
    }
}

#[test]
fn the_example_compiles_without_a_warning() {
    let dir = Dir::new();
    let place = Place(dir);
    fs::create_dir(place.0.path("word-report")).unwrap();
    for file in ["SKILL.md", "recipe.yaml"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/word-report").join(file);
        fs::copy(from, place.0.path("word-report").join(file)).unwrap();
    }
    let ran = place.run("skill compile word-report --json").exits(0);
    assert_eq!(ran.json()["tool"], "word_report");
    assert_eq!(ran.stderr, "");
}
