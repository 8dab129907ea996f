//! Proof that a rule said yes to these exact values.

/// This actor may do `A` with exactly the values in it. Made by the rules of [`super`] alone; taken
/// by the store's mutators instead of loose values, so that check and write cannot come apart. Not
/// `Clone`: one decision, one write.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit<A>(A);

impl<A> Permit<A> {
    pub(in crate::authz) const fn granted(act: A) -> Self {
        Self(act)
    }

    /// What was permitted.
    pub const fn get(&self) -> &A {
        &self.0
    }

    /// What was permitted, using the permit up.
    pub fn into_inner(self) -> A {
        self.0
    }
}
