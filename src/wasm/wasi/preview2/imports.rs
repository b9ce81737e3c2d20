//! The functions of the second preview for the interpreter: some answer at once, the others suspend the guest.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::{Error, Linker, Val};

use super::call::Preview2Call;
use super::table::{Operation, Preview2Function, preview2_function};
use crate::wasm::state::{GuestState, Suspended};
use crate::wasm::suspend::suspend_in;

/// Defines one function; others are left out.
///
/// Operations that need nothing from the host end here, without the cost of leaving the interpreter; they don't
/// count as host calls.
pub(in crate::wasm) fn define_preview2_function(
    linker: &mut Linker<GuestState>,
    module: &str,
    name: &str,
) -> Result<(), Error> {
    let Some(Preview2Function { signature, operation, .. }) = preview2_function(module, name)
    else {
        return Ok(());
    };
    linker.func_new(
        module,
        name,
        signature.to_func_type(),
        move |mut caller, params, results| {
            let at_once = match operation {
                Operation::Ignore => None,
                Operation::Number(number) => Some(Val::I32(number.cast_signed())),
                Operation::Resolution => Some(Val::I64(1)),
                _ => {
                    let mut words = [0; 4];
                    for (word, param) in words.iter_mut().zip(params) {
                        *word = unsigned(param);
                    }
                    let call = Preview2Call { operation, words, result: words_result(params) };
                    return suspend_in(&mut caller, Suspended::Preview2(call));
                }
            };
            if let (Some(result), Some(value)) = (results.first_mut(), at_once) {
                *result = value;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// A parameter as an unsigned number. The table has no types but `i32` and `i64`.
fn unsigned(param: &Val) -> u64 {
    match param {
        Val::I32(word) => u64::from(word.cast_unsigned()),
        Val::I64(word) => word.cast_unsigned(),
        _ => 0,
    }
}

/// The last parameter, which is the result area of the functions that have one.
fn words_result(params: &[Val]) -> u32 {
    params.last().and_then(Val::i32).unwrap_or_default().cast_unsigned()
}
