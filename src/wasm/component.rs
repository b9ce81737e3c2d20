//! Finds the core module in a component that wit-component wrapped around it.
//!
//! Only section headers are read: wit-component puts the author's module first, and what follows
//! it are shims that this host doesn't need.
//!
//! Source: `Binary.md` of the component model: a preamble of version 0x0d and layer 1, then
//! sections of an id byte, a LEB128 length and a payload; id 1 is a core module.

const CORE_PREAMBLE: [u8; 8] = *b"\0asm\x01\0\0\0";
const COMPONENT_PREAMBLE: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const CORE_MODULE_SECTION: u8 = 1;

/// What a file's first bytes say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer<'a> {
    /// A core module: the bytes as they are.
    Core(&'a [u8]),
    /// A component: its first core module.
    Component(&'a [u8]),
    /// A component in which no core module was found.
    ComponentWithoutModule,
    /// Neither.
    NotWasm,
}

pub(super) fn layer(bytes: &[u8]) -> Layer<'_> {
    if bytes.starts_with(&CORE_PREAMBLE) {
        return Layer::Core(bytes);
    }
    let Some(mut rest) = bytes.strip_prefix(&COMPONENT_PREAMBLE) else {
        return Layer::NotWasm;
    };
    while let Some((id, payload, after)) = section(rest) {
        if id == CORE_MODULE_SECTION {
            return match payload.starts_with(&CORE_PREAMBLE) {
                true => Layer::Component(payload),
                false => Layer::ComponentWithoutModule,
            };
        }
        rest = after;
    }
    Layer::ComponentWithoutModule
}

/// One section: its id, its payload and what comes after it.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&id, rest) = bytes.split_first()?;
    let (length, rest) = leb128_u32(rest)?;
    let (payload, after) = rest.split_at_checked(length as usize)?;
    Some((id, payload, after))
}

fn leb128_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}
