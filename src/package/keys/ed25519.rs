//! Whether a signature is a key's: Ed25519 (RFC 8032), where no key counts whose signatures anybody can make.
//!
//! Half of all values of 32 bytes are no point of the curve, and so nobody's key. They are not told from
//! others when they are trusted: the library only looks when there is a signature to check, and then refuses
//! it for this as for any other reason. To trust such a key is to trust nothing.

use ring::signature::{ED25519, UnparsedPublicKey};

/// The points of a small order (1, 2, 4 and 8) by their coordinate y, in little-endian: 0, 1, -1, the two of
/// order 8, and 0 and 1 once more with the modulus added, which is read as the same.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    few(1, 0, 0),
    few(0xec, 0xff, 0x7f),
    few(0xed, 0xff, 0x7f),
    few(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Bytes that are all the same but for the first and the last.
const fn few(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Whether this is the key's signature over `message`.
pub(super) fn is_valid(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    !is_weak(key) && UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// Whether this is a point of small order, in any of its forms: anybody can make signatures that count as
/// those of such a key.
pub(super) fn is_weak(key: &[u8; 32]) -> bool {
    // The upper bit of the last byte is the sign of the other coordinate.
    let mut place = *key;
    place[31] &= 0x7f;
    SMALL_ORDER.contains(&place)
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;
    use crate::contract::{from_hex, to_hex};

    /// RFC 8032, section 7.1, test 2: keys that were made with another library are the same keys here.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let seed: [u8; 32] =
            from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e\
                         458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        assert_eq!(to_hex(pair.public_key().as_ref()), public);
        assert_eq!(to_hex(pair.sign(&[0x72]).as_ref()), signature);
        let (key, signature) = (from_hex(public).unwrap(), from_hex(signature).unwrap());
        assert!(is_valid(&key, &[0x72], &signature));
        assert!(!is_valid(&key, &[0x73], &signature));
        // With the order of the group added to it, the second half would be good as well.
        let order: [u8; 32] =
            from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
        let (mut other, mut carry) = (signature, 0_u16);
        for (byte, more) in other[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(other != signature && !is_valid(&key, &[0x72], &other));
    }

    #[test]
    fn small_order_keys_and_invalid_points_verify_nothing() {
        // `0 * B = R + h * A` holds for every message where all the points are the neutral one.
        let neutral = few(1, 0, 0);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&neutral);
        let by_ring = UnparsedPublicKey::new(&ED25519, &neutral).verify(b"anything", &signature);
        assert!(by_ring.is_ok(), "the library has no such check");
        for mut key in SMALL_ORDER {
            for sign in [0, 0x80] {
                key[31] = key[31] & 0x7f | sign;
                assert!(is_weak(&key) && !is_valid(&key, b"anything", &signature), "{key:02x?}");
            }
        }
        // No point has this place, and what is good for the neutral one is not good for it.
        let none = few(2, 0, 0);
        let by_ring = UnparsedPublicKey::new(&ED25519, &none).verify(b"anything", &signature);
        assert!(by_ring.is_err() && !is_valid(&none, b"anything", &signature));
        // The base point, and what is next to points of small order.
        assert!(!is_weak(&few(0x58, 0x66, 0x66)) && !is_weak(&few(2, 0, 0)));
    }
}
