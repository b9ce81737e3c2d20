//! Reads a plan: numbers in LEB128, texts and parts with their length before them.
//!
//! The compiler writes it (`src/recipe/plan.rs` of the host). What is read past the end of a plan is zero or empty,
//! and marks the plan as damaged, which the run checks before it uses a value.

use alloc::vec::Vec;
use core::cell::Cell;

/// The form of plans that this guest reads.
const VERSION: u8 = 1;

/// What is left of a plan, or of a part of one.
#[derive(Clone, Copy)]
pub struct Plan<'p> {
    rest: &'p [u8],
    is_damaged: &'p Cell<bool>,
}

/// What stands before the steps.
pub struct Head<'p> {
    pub tool: &'p str,
    /// What `describe` returns.
    pub description: &'p str,
    /// The names of all values, parameters first.
    pub names: Vec<&'p str>,
    /// The full names of the tools that are called.
    pub tools: Vec<&'p str>,
    /// The kind of each parameter.
    pub parameters: Vec<u8>,
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

    /// Marks the plan as damaged.
    pub fn damage(&self) {
        self.is_damaged.set(true);
    }

    pub fn head(mut self) -> Head<'p> {
        let mut plan = self.part();
        if plan.byte() != VERSION {
            plan.damage();
        }
        let (tool, description) = (plan.text(), plan.text());
        let (names, tools) = (plan.texts(), plan.texts());
        let parameters = plan.part().rest.to_vec();
        if parameters.len() > names.len() {
            plan.damage();
        }
        let (steps, result) = (plan.part(), plan.part());
        Head { tool, description, names, tools, parameters, steps, result }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(never)]
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
    #[inline(never)]
    pub fn part(&mut self) -> Plan<'p> {
        let length = self.number();
        if length > self.rest.len() {
            self.damage();
        }
        let (part, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Plan { rest: part, ..*self }
    }

    /// A part that is a list of texts.
    #[inline(never)]
    fn texts(&mut self) -> Vec<&'p str> {
        let mut list = self.part();
        let mut texts = Vec::new();
        while !list.is_empty() {
            texts.push(list.text());
        }
        texts
    }

    #[inline(never)]
    pub fn text(&mut self) -> &'p str {
        core::str::from_utf8(self.part().rest).unwrap_or_else(|_| {
            self.damage();
            ""
        })
    }
}
