//! Reads a plan: numbers in LEB128, texts and parts with their length before them.
//!
//! The compiler writes it (`src/recipe/plan.rs` of the host). What is read past the end of a plan is zero or empty,
//! and marks the plan as damaged, which the run checks before it uses a value. Texts are not checked to be UTF-8
//! here, but where they leave the guest.

use core::cell::Cell;

/// The form of plans that this guest reads.
const VERSION: u8 = 2;

/// What is left of a plan, or of a part of one.
#[derive(Clone, Copy)]
pub struct Plan<'p> {
    rest: &'p [u8],
    is_damaged: &'p Cell<bool>,
}

/// What stands before the steps.
pub struct Head<'p> {
    pub tool: &'p [u8],
    /// What `describe` returns.
    pub description: &'p [u8],
    /// How many names there are.
    pub count: usize,
    /// The names of all values, parameters first.
    pub names: Plan<'p>,
    /// The full names of the tools that are called.
    pub tools: Plan<'p>,
    /// The kind of each parameter.
    pub parameters: &'p [u8],
    pub steps: Plan<'p>,
    pub result: Plan<'p>,
}

impl<'p> Plan<'p> {
    /// A plan in a room that may be larger than it, with a mark that is false.
    pub fn new(room: &'p [u8], is_damaged: &'p Cell<bool>) -> Plan<'p> {
        Plan { rest: room, is_damaged }
    }

    /// Whether something was read that is not there.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.get()
    }

    pub fn head(mut self) -> Head<'p> {
        let mut plan = self.part();
        let (version, count) = (plan.byte(), plan.number());
        let parts: [Plan<'p>; 7] = core::array::from_fn(|_| plan.part());
        let [tool, description, names, tools, parameters, steps, result] = parts;
        // Each name has one byte or more.
        if version != VERSION || parameters.rest.len() > count || count > names.rest.len() {
            self.damage();
        }
        Head {
            tool: tool.rest,
            description: description.rest,
            count,
            names,
            tools,
            parameters: parameters.rest,
            steps,
            result,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(always)]
    pub fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.rest.split_first() else {
            self.damage();
            return 0;
        };
        self.rest = rest;
        byte
    }

    #[inline(never)]
    pub fn number(&mut self) -> usize {
        self.read_number()
    }

    #[inline(always)]
    fn read_number(&mut self) -> usize {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 14 {
                return number;
            }
        }
    }

    /// A part with a length of its own, which may be empty.
    pub fn part(&mut self) -> Plan<'p> {
        Plan { rest: self.text(), ..*self }
    }

    #[inline(never)]
    pub fn text(&mut self) -> &'p [u8] {
        let length = self.read_number();
        self.bytes(length)
    }

    /// So many bytes.
    #[inline(always)]
    pub fn bytes(&mut self, length: usize) -> &'p [u8] {
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            self.damage();
            return &[];
        };
        self.rest = rest;
        bytes
    }

    /// The text of this number in a list of them.
    pub fn nth(mut self, number: usize) -> Option<&'p [u8]> {
        for _ in 0..number {
            if self.is_empty() {
                break;
            }
            self.text();
        }
        (!self.is_empty()).then(|| self.text())
    }

    fn damage(&self) {
        self.is_damaged.set(true);
    }
}
