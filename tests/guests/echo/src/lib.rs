//! The smallest guest: what a call costs without work of the guest's own.

#![no_std]

extern crate alloc;

mod heap;

use alloc::string::{String, ToString};

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

struct Echo;

export!(Echo);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

impl exports::plugin::Guest for Echo {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        match tool_name.as_str() {
            "echo" => Ok(params_json),
            "echo_env" => {
                let set = host::get_env(value(&params_json)).is_some();
                Ok(if set { "true" } else { "false" }.to_string())
            }
            "fib" => {
                let n = value(&params_json)
                    .bytes()
                    .fold(0, |n: u32, digit| n * 10 + u32::from(digit & 15));
                Ok(decimal(fib(n)))
            }
            _ => Err("no such tool".to_string()),
        }
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

/// The value of the only member, by position: what stands after the colon, without quotes.
fn value(params: &str) -> &str {
    let after = params.bytes().position(|byte| byte == b':').map_or(params.len(), |at| at + 1);
    let value = params.get(after..).unwrap_or("");
    value.trim_matches(|c: char| matches!(c, ' ' | '\n' | '"' | '}'))
}

fn fib(n: u32) -> u32 {
    if n < 2 { n } else { fib(n - 1).wrapping_add(fib(n - 2)) }
}

fn decimal(number: u32) -> String {
    let mut digits = String::new();
    let mut unit = 1_000_000_000;
    while unit > 0 {
        if number >= unit || unit == 1 {
            digits.push(char::from(b'0' + (number / unit % 10) as u8));
        }
        unit /= 10;
    }
    digits
}
