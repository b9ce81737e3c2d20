//! SHA-256: of the library that TLS and signatures bring, where they are compiled in, so that the program
//! has it once; otherwise of a smaller one.

#[cfg(not(any(feature = "net", feature = "package")))]
use sha2::Digest;

#[cfg(any(feature = "net", feature = "package"))]
type Context = ring::digest::Context;
#[cfg(not(any(feature = "net", feature = "package")))]
type Context = sha2::Sha256;

/// A digest of what is added bit by bit.
#[derive(Clone)]
pub(crate) struct Sha256(Context);

impl Sha256 {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        #[cfg(any(feature = "net", feature = "package"))]
        let context = Context::new(&ring::digest::SHA256);
        #[cfg(not(any(feature = "net", feature = "package")))]
        let context = Context::new();
        Self(context)
    }

    /// Adds these bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The same with these bytes.
    #[cfg(feature = "mcp")]
    pub(crate) fn and(mut self, bytes: &[u8]) -> Self {
        self.update(bytes);
        self
    }

    /// The digest.
    pub(crate) fn finish(self) -> [u8; 32] {
        #[cfg(any(feature = "net", feature = "package"))]
        {
            let (mut bytes, digest) = ([0; 32], self.0.finish());
            bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of_digest)| *byte = *of_digest);
            bytes
        }
        #[cfg(not(any(feature = "net", feature = "package")))]
        self.0.finalize().into()
    }

    /// The digest of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> [u8; 32] {
        let mut digest = Self::new();
        digest.update(bytes);
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::to_hex;

    /// FIPS 180-2, appendix B, and RFC 6234, with a message longer than a block.
    #[test]
    fn the_digest_is_that_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(to_hex(&Sha256::of(b"abc")), abc);
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".as_slice();
        let mut digest = Sha256::new();
        long.chunks(5).for_each(|part| digest.update(part));
        let digits = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(to_hex(&digest.finish()), digits);
    }
}
