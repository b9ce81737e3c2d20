//! Who has signed a package. `digest` lists the files that a signature covers, `signature` makes and verifies
//! it, `ed25519` has the rules for weak keys, and `key_files` keeps private keys and the keys that the operator
//! trusts.

mod digest;
mod ed25519;
mod key_files;
mod signature;

pub use digest::{Difference, DigestList};
pub use key_files::{
    KeyError, KeyErrorKind, KeyFault, PrivateKey, PublicKey, TrustedKey, TrustedKeys,
};
pub use signature::{PackageSignature, SignatureError};
