//! The sections of a module or component, and what of them counts towards its size: everything but
//! custom sections (names, debugging), which nothing runs and nobody keeps.
//!
//! Only headers are read, so it is safe on any bytes. Source: the binary format of the WebAssembly
//! specification and `Binary.md` of the component model: a preamble of eight bytes, then sections of an
//! id byte, a LEB128 length and a payload. In a component, id 1 is a core module.

use std::borrow::Cow;

/// How a core module begins.
pub(crate) const CORE_PREAMBLE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// How a component begins.
pub(crate) const COMPONENT_PREAMBLE: [u8; 8] = *b"\0asm\x0d\0\x01\0";
/// The id of a core module's section in a component.
pub(crate) const CORE_MODULE_SECTION: u8 = 1;
const CUSTOM_SECTION: u8 = 0;

/// One section: its id, its payload and what comes after it.
pub(crate) fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&id, rest) = bytes.split_first()?;
    let (length, rest) = leb128_u32(rest)?;
    let (payload, after) = rest.split_at_checked(length as usize)?;
    Some((id, payload, after))
}

/// The bytes that count towards a module's size.
pub(crate) fn counted_bytes(module: &[u8]) -> usize {
    let mut custom = 0;
    walk(module, |id, whole, payload| {
        custom += match id {
            Part::Custom => whole.len(),
            Part::CoreModule => payload.len() - counted_bytes(payload),
            Part::Other => 0,
        };
    });
    module.len() - custom
}

/// The module without what does not count.
pub(super) fn without_custom_sections(module: &[u8]) -> Cow<'_, [u8]> {
    let counted = counted_bytes(module);
    if counted == module.len() {
        return module.into();
    }
    let mut kept = Vec::with_capacity(counted);
    walk(module, |part, whole, payload| match part {
        Part::Custom => {}
        Part::CoreModule => {
            let inner = without_custom_sections(payload);
            kept.push(CORE_MODULE_SECTION);
            push_leb128(inner.len(), &mut kept);
            kept.extend_from_slice(&inner);
        }
        Part::Other => kept.extend_from_slice(whole),
    });
    kept.into()
}

enum Part {
    Custom,
    /// A core module in a component.
    CoreModule,
    /// Every other section, the preamble, and what can't be read as sections.
    Other,
}

/// Hands out everything that is in `module`, in its order: each part as a whole, and its payload.
fn walk<'m>(module: &'m [u8], mut part: impl FnMut(Part, &'m [u8], &'m [u8])) {
    let is_component = module.starts_with(&COMPONENT_PREAMBLE);
    if !is_component && !module.starts_with(&CORE_PREAMBLE) {
        return part(Part::Other, module, module);
    }
    let (preamble, mut rest) = module.split_at(CORE_PREAMBLE.len());
    part(Part::Other, preamble, preamble);
    while let Some((id, payload, after)) = section(rest) {
        let whole = &rest[..rest.len() - after.len()];
        let kind = match id {
            CUSTOM_SECTION => Part::Custom,
            CORE_MODULE_SECTION if is_component && payload.starts_with(&CORE_PREAMBLE) => {
                Part::CoreModule
            }
            _ => Part::Other,
        };
        part(kind, whole, payload);
        rest = after;
    }
    part(Part::Other, rest, rest);
}

pub(crate) fn leb128_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}

pub(crate) fn push_leb128(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
