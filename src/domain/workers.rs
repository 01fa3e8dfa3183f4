//! Who does the parts of a long computation that do not need each other: one worker after the other here, several at once
//! where a process brings them. What comes out is the same.

/// Does independent parts of a computation.
pub trait Workers: Sync {
    /// The work of each item, in the order of the items.
    fn map<T: Send, U: Send>(&self, items: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U>;
}

/// One part after the other.
#[derive(Clone, Copy, Debug)]
pub struct OneByOne;

impl Workers for OneByOne {
    fn map<T: Send, U: Send>(&self, items: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
        items.into_iter().map(work).collect()
    }
}
