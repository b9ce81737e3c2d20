//! JSON objects, written member by member. A tree of values first would be more code and more memory.

use alloc::string::String;
use json_text::{decimal, push_string};

/// Adds a member whose value is JSON already. The object begins with its first member.
#[inline(never)]
pub fn add(object: &mut String, name: &str, value: &str) {
    object.push(if object.is_empty() { '{' } else { ',' });
    push_string(name, object);
    object.push(':');
    object.push_str(value);
}

#[inline(never)]
pub fn add_text(object: &mut String, name: &str, value: &str) {
    add(object, name, "");
    push_string(value, object);
}

#[inline(never)]
pub fn add_number(object: &mut String, name: &str, value: u32) {
    add(object, name, &decimal(value.into()));
}

#[inline(never)]
pub fn add_flag(object: &mut String, name: &str, value: bool) {
    add(object, name, if value { "true" } else { "false" });
}
