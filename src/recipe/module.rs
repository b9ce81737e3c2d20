//! Puts a plan into the guest that interprets it.
//!
//! The guest has room for a plan, and exports its address. The compiled module has one more data segment, which
//! fills that room; the export and custom sections are left out, and a custom section says what the module is.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::bounds::PLAN_BYTES;
use crate::package::{CORE_PREAMBLE, leb128_u32, push_leb128, section};

/// The guest without a plan, as the build compressed it.
const GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/recipe.deflate"));
/// The guest's export of the place for the plan.
const PLACE: &[u8] = b"WEFT_RECIPE_PLAN";
/// The name of the custom section that compiled modules end with.
const MARK: &[u8] = b"weft:recipe";

const CUSTOM: u8 = 0;
const GLOBALS: u8 = 6;
const EXPORTS: u8 = 7;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;
/// The kind of a global among exports.
const GLOBAL: u8 = 3;
const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

/// Whether a module was compiled from a recipe.
#[must_use]
pub fn is_compiled_recipe(module: &[u8]) -> bool {
    module.starts_with(&CORE_PREAMBLE) && module.ends_with(&mark())
}

fn mark() -> Vec<u8> {
    let mut name = Vec::new();
    push_name(MARK, &mut name);
    let mut mark = Vec::new();
    push_section(CUSTOM, &name, &mut mark);
    mark
}

/// The guest with this plan; `None` if it does not fit.
pub(super) fn with_plan(plan: &[u8]) -> Option<Vec<u8>> {
    let mut guest = Vec::new();
    DeflateDecoder::new(GUEST).read_to_end(&mut guest).ok()?;
    (plan.len() <= PLAN_BYTES).then(|| splice(&guest, plan))?
}

fn splice(guest: &[u8], plan: &[u8]) -> Option<Vec<u8>> {
    let mut module = CORE_PREAMBLE.to_vec();
    let mut globals = Vec::new();
    let mut place = None;
    let mut rest = guest.strip_prefix(&CORE_PREAMBLE)?;
    while let Some((id, payload, after)) = section(rest) {
        rest = after;
        match id {
            CUSTOM => continue,
            GLOBALS => globals = constants(payload)?,
            EXPORTS => {
                let (index, exports) = without_place(payload)?;
                place = globals.get(index as usize).copied();
                push_section(EXPORTS, &exports, &mut module);
                continue;
            }
            DATA => {
                push_section(DATA, &with_segment(payload, place?, plan)?, &mut module);
                continue;
            }
            DATA_COUNT => {
                let mut count = Vec::new();
                push_leb128(leb128_u32(payload)?.0 as usize + 1, &mut count);
                push_section(DATA_COUNT, &count, &mut module);
                continue;
            }
            _ => {}
        }
        push_section(id, payload, &mut module);
    }
    module.extend(mark());
    rest.is_empty().then_some(module)
}

/// The values of the globals, which all are 32 bits wide and begin with a constant. Its bytes are kept as they are.
fn constants(payload: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut rest) = leb128_u32(payload)?;
    let mut constants = Vec::new();
    for _ in 0..count {
        let value = rest.get(2..)?.strip_prefix(&[I32_CONST])?;
        let end = value.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let (constant, after) = value.split_at_checked(end)?;
        rest = after.strip_prefix(&[END])?;
        constants.push(constant);
    }
    Some(constants)
}

/// The number of the global with the place for the plan, and the exports without it.
fn without_place(payload: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (count, mut rest) = leb128_u32(payload)?;
    let mut exports = Vec::new();
    push_leb128(count.checked_sub(1)? as usize, &mut exports);
    let mut place = None;
    for _ in 0..count {
        let (length, after) = leb128_u32(rest)?;
        let (name, after) = after.split_at_checked(length as usize)?;
        let (&kind, after) = after.split_first()?;
        let (index, after) = leb128_u32(after)?;
        if name == PLACE && kind == GLOBAL {
            place = Some(index);
        } else {
            exports.extend_from_slice(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    Some((place?, exports))
}

/// The data with one more segment. `place` is its address as a constant has it.
fn with_segment(payload: &[u8], place: &[u8], plan: &[u8]) -> Option<Vec<u8>> {
    let (count, segments) = leb128_u32(payload)?;
    let mut data = Vec::new();
    push_leb128(count as usize + 1, &mut data);
    data.extend_from_slice(segments);
    // An active segment of the first memory.
    data.extend([0, I32_CONST]);
    data.extend_from_slice(place);
    data.push(END);
    push_name(plan, &mut data);
    Some(data)
}

fn push_section(id: u8, payload: &[u8], module: &mut Vec<u8>) {
    module.push(id);
    push_name(payload, module);
}

/// Bytes with their number before them.
fn push_name(bytes: &[u8], out: &mut Vec<u8>) {
    push_leb128(bytes.len(), out);
    out.extend_from_slice(bytes);
}
