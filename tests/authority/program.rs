//! The built program with the probe in it: what an operator starts, and what the guest gets of it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::limit::TimeLimit;
use crate::world::AUTHORITY;

/// Where links and the like can't be made, the test says so and is over.
macro_rules! skip {
    ($why:expr) => {{
        println!("skipped: {}", $why);
        return;
    }};
}
pub(crate) use skip;

/// A user's home, a workspace in it, and everything that the program keeps.
pub(crate) struct Machine(TempDir, #[expect(dead_code, reason = "its end is its use")] TimeLimit);

/// The program while it runs, with the probe in service.
pub(crate) struct Running {
    child: Child,
    stdin: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self(TempDir::new().unwrap(), TimeLimit::start());
        fs::create_dir_all(machine.path("home/work")).unwrap();
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file with its folders.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts the probe into a folder, with what it asks for.
    pub(crate) fn probe(&self, folder: &str, version: &str, asks: &Value) -> PathBuf {
        self.plugin("probe", folder, version, asks)
    }

    /// The same under another id.
    pub(crate) fn plugin(&self, id: &str, folder: &str, version: &str, asks: &Value) -> PathBuf {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe/plugin.wasm");
        let manifest = json!({
            "id": id, "name": "Probe", "version": version, "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": asks,
        });
        self.write(&format!("{folder}/plugin.wasm"), fs::read(module).unwrap());
        self.write(&format!("{folder}/weft.plugin.json"), manifest.to_string());
        self.path(folder)
    }

    /// The probe in `plugins/`, with a grant of these files; the program that runs it.
    pub(crate) fn granting(&self, files: &Value) -> Running {
        self.probe("plugins/probe", "0.1.0", &json!({ "filesystem": files }));
        self.start("plugins", &[])
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.prepared(Command::new(env!("CARGO_BIN_EXE_weft-lite")), arguments)
    }

    /// The program in mounts of its own, after `first` was done to them; none, where nobody may do that.
    pub(crate) fn command_after(&self, first: &str, arguments: &[&str]) -> Option<Command> {
        let unshare = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--mount", "sh", "-ec", script, "sh"]);
            command.current_dir(self.0.path());
            command
        };
        let tried = unshare(first).stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|tried| tried.success()).then_some(())?;
        let mut command = unshare(&format!("{first}\nexec \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_weft-lite"));
        Some(self.prepared(command, arguments))
    }

    fn prepared(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .args(["--no-bundled", "--workspace"])
            .arg(self.path("home/work"))
            .current_dir(self.0.path())
            .env("HOME", self.path("home"))
            .env("SECRET_OF_THE_HOST", "hush")
            .env_remove("WEFT_HOME")
            .env_remove("WEFT_LOG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end: what it prints, and says.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> (String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }

    /// The same, which has to succeed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    }

    /// What it prints, as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let (printed, said) = self.run(arguments);
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}{said}"))
    }

    /// Starts it with the plugins in a folder.
    pub(crate) fn start(&self, plugins: &str, more: &[&str]) -> Running {
        let folder = self.path(plugins);
        let mut command = self.command(&["run", "--json", "--plugins", folder.to_str().unwrap()]);
        command.args(more);
        Running::of(command)
    }
}

impl Running {
    pub(crate) fn of(mut command: Command) -> Self {
        // What it says goes where nobody has to read it for it to go on.
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, stdin, answers: BufReader::new(stdout) }
    }

    /// What a line that is typed comes to.
    #[track_caller]
    pub(crate) fn types(&mut self, line: &str) -> Result<Value, String> {
        writeln!(self.stdin, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("no answer to `{line}`: {answer:?}"));
        match answer["error"]["message"].as_str() {
            Some(message) => Err(message.trim_start_matches("denied: ").to_owned()),
            None => Ok(answer["result"].take()),
        }
    }

    #[track_caller]
    pub(crate) fn read(&mut self, path: impl AsRef<Path>) -> Result<String, String> {
        let read = self.types(&format!("probe__read {}", json!({ "path": path.as_ref() })))?;
        Ok(read["content"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn write(&mut self, path: impl AsRef<Path>, content: &str) -> Result<(), String> {
        let call = json!({ "path": path.as_ref(), "content": content });
        self.types(&format!("probe__write {call}")).map(drop)
    }

    /// Neither reads nor writes it.
    #[track_caller]
    pub(crate) fn denied(&mut self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        assert_eq!(self.read(path), Err(AUTHORITY.into()), "reading {}", path.display());
        self.not_written(path, AUTHORITY);
    }

    #[track_caller]
    pub(crate) fn not_written(&mut self, path: impl AsRef<Path>, rule: &str) {
        let path = path.as_ref();
        assert_eq!(self.write(path, "forged"), Err(rule.into()), "writing {}", path.display());
    }

    /// Mounts something where the program sees it; whether anybody may do that.
    pub(crate) fn mounts(&self, from: &Path, to: &Path) -> bool {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.child.id().to_string(), "--user", "--mount"]);
        command.args(["mount", "--bind"]).arg(from).arg(to).stderr(Stdio::null());
        command.status().is_ok_and(|done| done.success())
    }

    /// Ends it in order.
    pub(crate) fn end(mut self) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &process]).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
