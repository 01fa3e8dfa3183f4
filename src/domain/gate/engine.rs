//! The engine: everything that makes a recommendation out of frozen evidence, as one number.
//!
//! A recommendation says which engine made it. Verification computes a recommendation again only with the engine that made
//! it; of another one it checks digests and chain, and says so. So the rules may grow without old decisions failing to
//! verify, and without anybody taking a changed rule for a forged record.

/// The engine of this build. Raise it with every change after which the same evidence gives other bytes, be it a rule, a
/// figure or a word, and write down exports of the new one beside those of the old ones (`tests/engine.rs`).
pub const ENGINE: u32 = 4;

/// The engine of recommendations that do not say which one made them.
pub const FIRST_ENGINE: u32 = 1;

pub(super) const fn first() -> u32 {
    FIRST_ENGINE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) const fn is_first(engine: &u32) -> bool {
    *engine == FIRST_ENGINE
}
