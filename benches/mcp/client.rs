//! The other end of the pipe: a program with plugins, and a client that measures it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::guest;

/// What every modern request carries.
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

/// A call of the echo tool.
pub(crate) fn call(id: usize) -> String {
    call_of("echo", id)
}

/// A call of this tool of the first plugin.
pub(crate) fn call_of(tool: &str, id: usize) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{{META},\"name\":\"echo-0__{tool}\",\"arguments\":{{\"text\":\"hello\",\"id\":{id}}}}}}}\n"
    )
}

pub(crate) fn discover() -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"server/discover\",\"params\":{{{META}}}}}\n"
    )
}

/// A folder of plugins, removed with this value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn with_plugins(count: usize) -> Self {
        Self::with_modules(std::iter::repeat_n(guest("echo"), count))
    }

    /// One plugin of each module.
    pub(crate) fn with_modules(modules: impl IntoIterator<Item = Vec<u8>>) -> Self {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let folder = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("weft-lite-bench-mcp-{}-{folder}", std::process::id());
        let folder = Self(env::temp_dir().join(name));
        for (number, module) in modules.into_iter().enumerate() {
            let plugin = folder.0.join("plugins").join(format!("echo-{number}"));
            fs::create_dir_all(&plugin).expect("a temporary folder can be made");
            let manifest = format!(
                r#"{{"id":"echo-{number}","name":"Echo","version":"0.1.0","capabilities":["tool"],
                    "wasm_module":"plugin.wasm"}}"#
            );
            fs::write(plugin.join("weft.plugin.json"), manifest).expect("the folder is ours");
            fs::write(plugin.join("plugin.wasm"), module).expect("the folder is ours");
        }
        folder
    }

    /// The same folder with a `$WEFT_HOME`, where descriptions are kept for the next start.
    pub(crate) fn with_home(self) -> Self {
        fs::create_dir_all(self.0.join(".weft")).expect("the folder is ours");
        self
    }

    pub(crate) fn command(&self) -> Command {
        let program = env::var_os("WEFT_LITE");
        let built = || env!("CARGO_BIN_EXE_weft-lite").into();
        let mut command = Command::new(program.unwrap_or_else(built));
        command.arg("--no-bundled").arg("--plugins").arg(self.0.join("plugins"));
        command.env("HOME", &self.0).env_remove("WEFT_HOME").stderr(Stdio::null());
        command
    }

    pub(crate) fn serve(&self) -> Pipe {
        Pipe::new(self.command().arg("mcp"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that answers lines with lines.
pub(crate) struct Pipe {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: Vec<u8>,
}

impl Pipe {
    pub(crate) fn new(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let input = child.stdin.take().expect("it is a pipe");
        let output = child.stdout.take().expect("it is a pipe");
        Self { child, input, output: BufReader::with_capacity(64 << 10, output), line: Vec::new() }
    }

    /// Gives every line back, and does nothing else.
    pub(crate) fn cat() -> Self {
        Self::new(&mut Command::new("cat"))
    }

    /// Sends a line and waits for one.
    pub(crate) fn ask(&mut self, what: &str, line: &str) {
        self.say(line);
        self.read(what);
    }

    /// Sends a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).expect("the program reads");
    }

    /// Waits for the next line.
    pub(crate) fn hear(&mut self) {
        self.line.clear();
        self.output.read_until(b'\n', &mut self.line).expect("the program writes");
    }

    fn read(&mut self, what: &str) {
        self.hear();
        let error = self.line.windows(7).any(|part| part == b"\"error\"");
        assert!(!self.line.is_empty() && !error, "{what}: {}", String::from_utf8_lossy(&self.line));
    }

    /// The line that was heard last.
    pub(crate) fn heard(&self) -> &[u8] {
        &self.line
    }

    /// Makes `count` calls, of which so many are under way all the time.
    pub(crate) fn keep_in_flight(&mut self, in_flight: usize, count: usize) {
        let (mut sent, mut answered) = (0, 0);
        let mut batch = String::new();
        while answered < count {
            batch.clear();
            while sent < count && sent - answered < in_flight {
                batch.push_str(&call(sent));
                sent += 1;
            }
            self.input.write_all(batch.as_bytes()).expect("the program reads");
            self.read("call");
            answered += 1;
            // What has come meanwhile is answered with as many new calls at once.
            while self.output.buffer().contains(&b'\n') {
                self.read("call");
                answered += 1;
            }
        }
    }

    /// What all its threads have worked until now; nothing where the system doesn't tell.
    pub(crate) fn worked(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let nanoseconds = |path: PathBuf| -> Option<u64> {
            fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
        };
        let all = threads.into_iter().flatten().flatten();
        Duration::from_nanos(all.filter_map(|thread| nanoseconds(thread.path())).sum())
    }

    /// Resident memory in KB.
    pub(crate) fn resident_kb(&self) -> f64 {
        resident_kb(self.child.id())
    }
}

/// Resident memory of a process in KB; 0 where the system doesn't tell.
pub(crate) fn resident_kb(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
