//! The program as a service: nothing on its standard input, and a limit to every wait for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes that works.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Waits for what happens elsewhere, and fails when it doesn't.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Memory of a small board.
const SMALL_BYTES: usize = 64 << 20;
/// Where groups of processes with a limit to their memory are made, and where the limit is written: the
/// first and the second kind of them.
const GROUPS: [(&str, &str); 2] =
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];

/// A group of processes with the memory of a small board.
struct Group(PathBuf);

impl Group {
    /// `None` where this user may make none.
    fn new() -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("weft-lite-test-{}-{number}", std::process::id());
        GROUPS.into_iter().find_map(|(folder, limit)| {
            let group = Path::new(folder).join(&name);
            fs::create_dir(&group).ok()?;
            let group = Self(group);
            fs::write(group.0.join(limit), SMALL_BYTES.to_string()).ok().map(|()| group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The program while it runs.
pub(crate) struct Service {
    pub(crate) child: Child,
    said: Receiver<String>,
    heard: Vec<String>,
    /// Dropped when the program has ended.
    _group: Option<Group>,
}

impl Service {
    /// Starts it with `/dev/null` as its input.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::start_with_input(command)
    }

    /// Starts it with the input that the command names.
    pub(crate) fn start_with_input(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, said) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, said, heard: Vec::new(), _group: None }
    }

    /// Starts it with 64 MB of memory, where this user may limit it so; its input and output are pipes.
    #[expect(clippy::print_stdout, reason = "a test that leaves something out says so")]
    pub(crate) fn start_small(program: &Command) -> Self {
        let Some(group) = Group::new() else {
            println!(
                "skipped: the limit of 64 MB, which this user can't set; the peak is looked at"
            );
            return Self::start_with_input(rebuilt(program, Command::new(program.get_program())));
        };
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]);
        shell.arg(&group.0).arg(program.get_program());
        let mut service = Self::start_with_input(rebuilt(program, shell));
        service._group = Some(group);
        service
    }

    /// Waits until it says this, behind what it was waited for before, and gives the whole line.
    #[track_caller]
    pub(crate) fn says(&mut self, words: &str) -> String {
        loop {
            let Ok(line) = self.said.recv_timeout(LIMIT) else {
                panic!("{words:?} is not said: {:#?}", self.heard);
            };
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    /// What it has said until its end.
    pub(crate) fn everything(&mut self) -> String {
        while let Ok(line) = self.said.recv_timeout(LIMIT) {
            self.heard.push(line);
        }
        self.heard.join("\n")
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end and gives its status.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> Option<i32> {
        let mut status = None;
        wait_until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    /// Waits until it does nothing any more.
    #[track_caller]
    pub(crate) fn rests(&self) {
        let mut used = self.processor_time();
        wait_until("it rests", || {
            thread::sleep(Duration::from_millis(300));
            let before = std::mem::replace(&mut used, self.processor_time());
            used <= before + 1
        });
    }

    /// The time for which it has computed, in the kernel's ticks.
    fn processor_time(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Bytes of memory that it has held at most (`VmHWM`).
    pub(crate) fn peak_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }
}

/// A command with the arguments and the surroundings of another one.
fn rebuilt(program: &Command, mut command: Command) -> Command {
    command.args(program.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
    if let Some(folder) = program.get_current_dir() {
        command.current_dir(folder);
    }
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
