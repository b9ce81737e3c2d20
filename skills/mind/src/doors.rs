//! The doors of the host that this plugin uses, apart from the bindings, so that tests can stand in.

use alloc::string::String;
use alloc::vec::Vec;

/// The head of an HTTP answer whose body is read bit by bit.
pub struct Head {
    pub stream: u32,
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

/// What an error of the host is: its words.
pub type Answered<T> = Result<T, String>;

/// See `wit/deps/host.wit` for what each function does.
pub trait Host {
    fn settings(&self) -> String;

    fn stored(&self, key: &str) -> Answered<Option<Vec<u8>>>;
    fn store(&self, key: &str, value: &[u8]) -> Answered<()>;
    fn delete(&self, key: &str) -> Answered<bool>;
    fn keys(&self, prefix: &str) -> Answered<Vec<String>>;

    fn tools(&self) -> Answered<String>;
    fn call_all(&self, calls: &[(&str, &str)]) -> Vec<Answered<String>>;

    /// Sends a POST request.
    fn open(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Answered<Head>;
    fn read(&self, stream: u32) -> Answered<Option<Vec<u8>>>;
    fn close(&self, stream: u32);

    fn current(&self) -> Option<String>;
    fn say(&self, text: &str);
    fn note(&self, text: &str);
    fn cancelled(&self) -> bool;

    fn wall_ms(&self) -> u64;
    fn monotonic_ms(&self) -> u64;
    fn sleep_ms(&self, duration: u64);

    fn warn(&self, message: &str);
}
