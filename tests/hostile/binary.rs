//! Modules that no text format can express: sections put together byte by byte.

use crate::guest::Guest;

/// The eight bytes before the sections of a core module.
pub(crate) const CORE: &[u8] = b"\0asm\x01\0\0\0";
/// The same for a component.
pub(crate) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// An unsigned LEB128 number.
pub(crate) fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

pub(crate) fn section(id: u8, payload: &[u8]) -> Vec<u8> {
    [vec![id], number(payload.len()), payload.to_vec()].concat()
}

/// A vector of the binary format: how many, then each.
pub(crate) fn vector<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    let mut bytes = number(items.len());
    for item in items {
        bytes.extend_from_slice(item.as_ref());
    }
    bytes
}

pub(crate) fn name(text: &[u8]) -> Vec<u8> {
    [number(text.len()), text.to_vec()].concat()
}

/// A core module of these sections.
pub(crate) fn core(sections: &[Vec<u8>]) -> Vec<u8> {
    [CORE.to_vec(), sections.concat()].concat()
}

/// A component of these sections.
pub(crate) fn component(sections: &[Vec<u8>]) -> Vec<u8> {
    [COMPONENT.to_vec(), sections.concat()].concat()
}

/// A custom section.
pub(crate) fn custom(title: &str, payload: &[u8]) -> Vec<u8> {
    section(0, &[name(title.as_bytes()), payload.to_vec()].concat())
}

/// A guest that works, with these bytes behind it.
pub(crate) fn guest_and(more: &[u8]) -> Vec<u8> {
    [Guest::default().wasm(), more.to_vec()].concat()
}

/// A module with one import of `kind`, a descriptor of the binary format.
pub(crate) fn importing(module: &[u8], field: &[u8], kind: &[u8]) -> Vec<u8> {
    let types = section(1, &vector(&[b"\x60\x00\x00"]));
    let import = [name(module), name(field), kind.to_vec()].concat();
    core(&[types, section(2, &vector(&[import]))])
}

/// The sections of a guest that works, each with its id, for a case to change.
pub(crate) fn sections() -> Vec<(u8, Vec<u8>)> {
    let module = Guest::default().wasm();
    let mut rest = &module[CORE.len()..];
    let mut sections = Vec::new();
    while let [id, after @ ..] = rest {
        let (length, payload) = read_number(after);
        let (payload, after) = payload.split_at(length);
        sections.push((*id, payload.to_vec()));
        rest = after;
    }
    sections
}

/// The module of these sections.
pub(crate) fn joined(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    core(&sections.iter().map(|(id, payload)| section(*id, payload)).collect::<Vec<_>>())
}

/// A guest that works, but for one section.
pub(crate) fn changed(id: u8, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut sections = sections();
    let section = sections.iter_mut().find(|(of, _)| *of == id).expect("the section is there");
    change(&mut section.1);
    joined(&sections)
}

/// A guest that works, with one more function of type `() -> i32` that has this body.
pub(crate) fn with_body(code: &[u8]) -> Vec<u8> {
    let mut sections = sections();
    for (id, payload) in &mut sections {
        match *id {
            // The last function is the export of four parameters, the one before has none.
            3 => append(payload, &[payload[payload.len() - 2]]),
            10 => append(payload, &[number(code.len()), code.to_vec()].concat()),
            _ => {}
        }
    }
    joined(&sections)
}

/// Adds an item to a vector of fewer than 127.
pub(crate) fn append(vector: &mut Vec<u8>, item: &[u8]) {
    vector[0] += 1;
    vector.extend_from_slice(item);
}

fn read_number(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).expect("the number ends");
    let (digits, rest) = bytes.split_at(end + 1);
    (digits.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f)), rest)
}
