//! A folder to work in and the program to run there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod limit;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use limit::TimeLimit;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A temporary folder with plugins in `plugins/` and an empty home, and the time that its test has.
pub(crate) struct Dir(TempDir, #[expect(dead_code, reason = "its end is its use")] TimeLimit);

impl Dir {
    pub(crate) fn new() -> Self {
        let dir = Self(TempDir::new().unwrap(), TimeLimit::start());
        fs::create_dir(dir.path("plugins")).unwrap();
        fs::create_dir(dir.path("home")).unwrap();
        dir
    }

    /// A folder with the probe in it, which makes any trouble that it is asked for.
    pub(crate) fn with_probe() -> Self {
        let dir = Self::new();
        dir.plugin("probe", &probe(), &json!({}));
        dir
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Adds a plugin; `more` goes over what its manifest says.
    pub(crate) fn plugin(&self, id: &str, module: &[u8], more: &Value) -> PathBuf {
        let mut manifest = json!({
            "id": id, "name": id, "version": "1.0.0",
            "capabilities": ["tool"], "wasm_module": "plugin.wasm",
        });
        for (key, value) in more.as_object().unwrap() {
            manifest[key] = value.clone();
        }
        let folder = self.path("plugins").join(id);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
        fs::write(folder.join("plugin.wasm"), module).unwrap();
        folder
    }

    /// Runs the program on the plugins of this folder alone.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, b"")
    }

    #[track_caller]
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // The program may end without having read everything.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        Running { child, stdin, stdout }
    }

    /// The program, with the reader of its output gone.
    pub(crate) fn start_without_output(&self, arguments: &[&str]) -> Running {
        let mut running = self.start(arguments);
        running.stdout = None;
        running
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare_command(arguments);
        command.arg("--no-bundled").arg("--plugins").arg(self.path("plugins"));
        command
    }

    /// The program without any plugins but those compiled in. `WEFT_PROGRAM` can name one that was built in
    /// another way.
    pub(crate) fn bare_command(&self, arguments: &[&str]) -> Command {
        let named = std::env::var_os("WEFT_PROGRAM");
        let mut command =
            Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_weft-lite").into()));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.path("home"))
            .env_remove("WEFT_HOME")
            .env_remove("WEFT_LOG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// What the program printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Checks the exit status.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// Checks that it printed exactly this on standard output.
    #[track_caller]
    pub(crate) fn prints(self, stdout: &str) -> Self {
        assert_eq!(self.stdout, stdout, "{self:#?}");
        self
    }

    /// Checks that this is among what it said on standard error.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "{words:?} is not in {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The program while it runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it ends and gives what it still printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
    }
}

/// The module of the test guest that makes any trouble.
pub(crate) fn probe() -> Vec<u8> {
    guest("probe")
}

/// The module of a test guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    fs::read(folder.join(name).join("plugin.wasm")).unwrap()
}
