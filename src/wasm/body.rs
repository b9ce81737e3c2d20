//! The cost of translating a function's code, and whether the code contains `table.grow`. The interpreter
//! resumes that instruction wrongly after it runs out of fuel in it: it silently executes earlier instructions
//! again.
//!
//! Translating a step costs the interpreter at most about 60 bytes, counted at the peak, and about a
//! microsecond. Most instructions are one step. A branch copies the results of its block, so a few bytes of
//! code can become a kilobyte: a branch counts a step for each value that it may copy.
//!
//! The operators are read as values, as the interpreter does for constant expressions: a visitor of our own
//! would add a second copy of the parser's largest function to the program.

use wasmparser::{BinaryReaderError, BlockType, FuncType, FunctionBody, Operator};

/// Steps of a branch or a block by itself.
const CONTROL_STEPS: u64 = 4;

/// The findings about a function's body.
#[derive(Debug)]
pub(super) struct Body<'t> {
    /// Steps of its translation.
    pub(super) steps: u64,
    /// Whether `table.grow` is in it.
    pub(super) grows_table: bool,
    types: &'t [Option<FuncType>],
    /// The most values that a branch may have to copy.
    widest: u64,
}

impl<'t> Body<'t> {
    /// Reads a body in a module of these types, of which none has more results than `widest`.
    pub(super) fn read(
        body: &FunctionBody<'_>,
        types: &'t [Option<FuncType>],
        widest: u64,
    ) -> Result<Self, BinaryReaderError> {
        let mut read = Self { steps: 0, grows_table: false, types, widest };
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            read.count(&operators.read()?);
        }
        Ok(read)
    }

    /// Counts the steps of one operator.
    fn count(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::BrTable { targets } => self.branch(u64::from(targets.len()) + 1),
            Operator::BrIf { .. } => self.branch(1),
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                self.block(*blockty);
            }
            Operator::TableGrow { .. } => self.grows_table = true,
            _ => self.steps += 1,
        }
    }

    /// Counts a branch that may go to so many targets.
    fn branch(&mut self, targets: u64) {
        self.steps += CONTROL_STEPS + (1 + self.widest) * targets;
    }

    /// Counts a block, and notes the values that a branch to it copies.
    fn block(&mut self, block: BlockType) {
        let BlockType::FuncType(index) = block else { return self.branch(0) };
        let ty = self.types.get(index as usize).and_then(Option::as_ref);
        let width = ty.map_or(0, |ty| ty.params().len().max(ty.results().len()));
        self.widest = self.widest.max(width as u64);
        self.branch(2);
    }
}
