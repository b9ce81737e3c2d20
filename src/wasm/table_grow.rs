//! Finds `table.grow`, which the interpreter resumes wrongly after it runs out of fuel in it:
//! instructions before it are executed again, in silence.
//!
//! The operators are visited and not collected: that is the smallest code that can read them.

use wasmparser::{BinaryReaderError, FunctionBody, VisitOperator};

/// Whether a function's body has the instruction.
pub(super) fn is_in(body: &FunctionBody<'_>) -> Result<bool, BinaryReaderError> {
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        if operators.visit_operator(&mut IsTableGrow)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Answers for each operator whether it is the one.
struct IsTableGrow;

macro_rules! answer {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($annotation:tt)*))*) => {
        $(fn $visit(&mut self $($(, _: $ty)*)?) -> bool {
            const { matches!(stringify!($operator).as_bytes(), b"TableGrow") }
        })*
    };
}

impl<'a> VisitOperator<'a> for IsTableGrow {
    type Output = bool;

    wasmparser::for_each_visit_operator!(answer);
}
