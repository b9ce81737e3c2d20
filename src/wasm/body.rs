//! What the code of a function costs to translate, and whether `table.grow` is in it, which the
//! interpreter resumes wrongly after it runs out of fuel in it: instructions before it are executed
//! again, in silence.
//!
//! Translating a step takes the interpreter at most about 60 bytes, counted at the peak, and about a
//! microsecond. Most instructions are one step. A branch copies what its block results in, so that a few bytes of
//! code can become a kilobyte: those are counted as what they come to.
//!
//! The operators are visited and not collected: that is the smallest code that can read them.

use wasmparser::{BinaryReaderError, BlockType, FuncType, FunctionBody, VisitOperator};

/// Steps of a branch or a block by itself.
const CONTROL_STEPS: u64 = 4;

/// What is known of a function's body.
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
            operators.visit_operator(&mut read)?;
        }
        Ok(read)
    }

    fn branch(&mut self, targets: u64) {
        self.steps += CONTROL_STEPS + (1 + self.widest) * targets;
    }

    fn block(&mut self, block: BlockType) {
        let BlockType::FuncType(index) = block else { return self.branch(0) };
        let ty = self.types.get(index as usize).and_then(Option::as_ref);
        let width = ty.map_or(0, |ty| ty.params().len().max(ty.results().len()));
        self.widest = self.widest.max(width as u64);
        self.branch(2);
    }
}

/// Counts each operator.
macro_rules! count {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($annotation:tt)*))*) => {
        $(count!(one $operator $visit ($($($field: $ty),*)?));)*
    };
    (one BrTable $visit:ident ($targets:ident: $ty:ty)) => {
        fn $visit(&mut self, $targets: $ty) {
            self.branch(u64::from($targets.len()) + 1);
        }
    };
    (one BrIf $visit:ident ($depth:ident: $ty:ty)) => {
        fn $visit(&mut self, _: $ty) {
            self.branch(1);
        }
    };
    (one Block $visit:ident ($block:ident: $ty:ty)) => { count!(block $visit $block $ty); };
    (one Loop $visit:ident ($block:ident: $ty:ty)) => { count!(block $visit $block $ty); };
    (one If $visit:ident ($block:ident: $ty:ty)) => { count!(block $visit $block $ty); };
    (block $visit:ident $block:ident $ty:ty) => {
        fn $visit(&mut self, $block: $ty) {
            self.block($block);
        }
    };
    (one TableGrow $visit:ident ($table:ident: $ty:ty)) => {
        fn $visit(&mut self, _: $ty) {
            self.grows_table = true;
        }
    };
    (one $operator:ident $visit:ident ($($field:ident: $ty:ty),*)) => {
        fn $visit(&mut self $(, _: $ty)*) {
            self.steps += 1;
        }
    };
}

impl<'a> VisitOperator<'a> for Body<'_> {
    type Output = ();

    wasmparser::for_each_visit_operator!(count);
}
