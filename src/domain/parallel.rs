//! The same work on many things, on as many threads as the machine has; the answers come in the order of the things.
//!
//! Which thread does what changes nothing of any answer.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Fewer things than this are not worth a thread.
const FEW: usize = 4;

/// `f` of every item, in order.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    if threads < 2 || items.len() < FEW {
        return items.into_iter().map(f).collect();
    }
    let waiting = Mutex::new(items.into_iter().enumerate());
    let work = || {
        let mut done = Vec::new();
        // Each takes the next item, so that a long one holds nobody up.
        while let Some((i, item)) = next(&waiting) {
            done.push((i, f(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = others.into_iter().flat_map(|other| match other.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        own.into_iter().chain(others).collect()
    });
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, answer)| answer).collect()
}

fn next<I: Iterator>(waiting: &Mutex<I>) -> Option<I::Item> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).next()
}
