//! A function of a guest and what it gives, whatever its type.

use wasmi::{Func, Val};

/// A function of a guest, of a type that was checked when the module was read.
///
/// Its parameters are [`Val`]s and not a tuple, so that the way of a call is compiled once and not
/// for every type of function; wasmi compares them with the type at each call.
#[derive(Clone, Copy)]
pub(super) struct Function {
    pub(super) func: Func,
    /// Whether it gives an `i32`, or nothing: the world has no other functions.
    pub(super) has_result: bool,
}

/// Where the interpreter writes what a function gives.
pub(super) struct Output {
    value: [Val; 1],
    count: usize,
}

impl Output {
    pub(super) fn of(function: Function) -> Self {
        Self { value: [Val::I32(0)], count: usize::from(function.has_result) }
    }

    pub(super) fn slots(&mut self) -> &mut [Val] {
        self.value.get_mut(..self.count).unwrap_or_default()
    }

    /// What was given; 0 if it gives nothing.
    pub(super) fn word(&self) -> i32 {
        self.value[0].i32().unwrap_or_default()
    }
}
