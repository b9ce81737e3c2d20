//! Making modules larger, by what counts towards their size and by what doesn't.

const CUSTOM: u8 = 0;
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// The module with a data segment of these bytes, which changes nothing it does, and without what does
/// not count towards its size.
pub(crate) fn padded(module: &[u8], filler: &[u8]) -> Vec<u8> {
    // A passive segment, which nobody copies anywhere.
    let segment = [&[1][..], &leb128(filler.len()), filler].concat();
    let (mut padded, mut rest) = (module[..8].to_vec(), &module[8..]);
    let mut is_done = false;
    while let Some((&id, after)) = rest.split_first() {
        let (length, after) = read_leb128(after);
        let (payload, after) = after.split_at(length);
        rest = after;
        let payload = match id {
            CUSTOM => continue,
            DATA | DATA_COUNT => {
                let (count, segments) = read_leb128(payload);
                let more = if id == DATA { &segment[..] } else { &[] };
                is_done |= id == DATA;
                [&leb128(count + 1), segments, more].concat()
            }
            _ => payload.to_vec(),
        };
        padded.extend(section(id, &payload));
    }
    if !is_done {
        padded.extend(section(DATA, &[&[1], &segment[..]].concat()));
    }
    padded
}

/// The module with a custom section of these bytes behind it.
#[allow(dead_code, reason = "some tests have no use for it")]
pub(crate) fn with_custom_section(module: &[u8], filler: &[u8]) -> Vec<u8> {
    [module, &section(CUSTOM, &[&[1, b'x'], filler].concat())].concat()
}

fn section(id: u8, payload: &[u8]) -> Vec<u8> {
    [&[id][..], &leb128(payload.len()), payload].concat()
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn read_leb128(bytes: &[u8]) -> (usize, &[u8]) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let (number, rest) = bytes.split_at(length);
    (number.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f)), rest)
}
