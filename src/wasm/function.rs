//! A function that a guest exports, and the place for its result.

use wasmi::{Func, Store, Val};

use super::signature::export;
use super::state::GuestState;
use crate::contract::CallError;

/// A function of a guest, of a type that was checked when the module was read.
///
/// Its parameters are [`Val`]s and not a tuple, so that the code of a call is compiled once and not
/// for every type of function; wasmi compares them with the type at each call.
#[derive(Clone, Copy)]
pub(super) struct Function {
    pub(super) func: Func,
    /// Whether its result is an `i32`, or nothing: the world has no other functions.
    pub(super) has_result: bool,
}

/// An exported function with its post-return, where the guest has one.
#[derive(Clone, Copy)]
pub(super) struct Export {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) post_return: Option<Function>,
}

/// The place where the interpreter writes a function's result.
pub(super) struct CallOutput {
    value: [Val; 1],
    count: usize,
}

impl Function {
    /// An exported function. Its type is the world's: a module with another one was refused.
    pub(super) fn find(
        instance: &wasmi::Instance,
        store: &Store<GuestState>,
        name: &str,
        has_result: bool,
    ) -> Option<Self> {
        instance.get_func(store, name).map(|func| Self { func, has_result })
    }
}

impl Export {
    /// # Errors
    ///
    /// [`CallError::NotReady`] if the module does not export it.
    pub(super) fn find(
        instance: &wasmi::Instance,
        store: &Store<GuestState>,
        name: &'static str,
    ) -> Result<Self, CallError> {
        let post_return = format!("{}{name}", export::POST_RETURN);
        Ok(Self {
            name,
            function: Function::find(instance, store, name, true).ok_or_else(|| missing(name))?,
            post_return: Function::find(instance, store, &post_return, false),
        })
    }
}

/// The error for a function that the module does not export.
pub(super) fn missing(name: &str) -> CallError {
    CallError::NotReady { reason: format!("`{name}` is not exported") }
}

impl CallOutput {
    /// An empty result for a call of `function`.
    pub(super) fn of(function: Function) -> Self {
        Self { value: [Val::I32(0)], count: usize::from(function.has_result) }
    }

    /// The slots for the interpreter, as many as the function has results.
    pub(super) fn slots(&mut self) -> &mut [Val] {
        self.value.get_mut(..self.count).unwrap_or_default()
    }

    /// The result; 0 if the function has none.
    pub(super) fn word(&self) -> i32 {
        self.value[0].i32().unwrap_or_default()
    }
}
