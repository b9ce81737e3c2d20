//! Authority never flows from what a guest can write: every place and every way to it, through the
//! committed probe, with the grants that were broken through once.
//!
//! On the built program, each attack is a `line_`, each rule a `rule_`, and each way by which a path
//! can lead to a place a `way_`:
//!
//! | grant | what the guest did | test |
//! | --- | --- | --- |
//! | `$WORKSPACE`, run from a folder inside it | rewrote its manifest | `line_1_` |
//! | `$PLUGIN_DIR`, signed and installed | rewrote its package | `line_2_` |
//! | `$WORKSPACE`, trusted | wrote `.weft/config.yaml` | `line_3_` |
//! | the same | wrote a skill and `SOUL.md` | `line_4_` |
//! | `~`, no `$WEFT_HOME` yet | made one up | `line_5_` |
//! | a folder around `$WEFT_HOME`, no `/proc` | read secrets, wrote approvals | `line_6_` |
//! | `/` or `/proc` | read variables and arguments | `line_7_` |
//! | none | took an installed skill's name | `line_8_`, in `tests/install/authority.rs` |
//! | none | replaced a signed package | `line_9_`, in `tests/install/authority.rs` |
//!
//! | rule | test |
//! | --- | --- |
//! | 1 places of authority | `rule_1_`, `line_1_` to `line_6_` |
//! | 2 the kernel's windows | `rule_2_`, `line_7_` |
//! | 3 what can't be checked is denied | `rule_3_`, `line_6_nor_` |
//! | 4 an approval is for content | `rule_4_`, here and in `tests/install/authority.rs`; `line_9_` |
//! | 5 signatures at every load | `rule_5_`, in `tests/install/authority.rs`; `line_2_` |
//! | 6 one package, one identity | `rule_6_`, in `tests/install/authority.rs`; `line_8_` |
//! | 7 a workspace tightens | `rule_7_`, here and in `tests/install/authority.rs`; `line_3_` |
//! | 8 records, and said beforehand | `rule_8_`; told apart from words of strangers: `words_` |

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
#[path = "../support/limit.rs"]
mod limit;
mod paths;
mod places;
#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
mod program;
#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
mod rules;
#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
mod table;
#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
mod ways;
#[cfg(all(feature = "cli", feature = "package", feature = "net", feature = "socket"))]
mod words;
mod world;
