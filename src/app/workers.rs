//! Threads for long computations: the parts of one that do not need each other, on every processor there is.

use std::sync::{Mutex, PoisonError};
use std::thread;

use seatrial_domain::workers::Workers;

/// A thread for each processor.
#[derive(Clone, Copy, Debug)]
pub struct EachProcessor;

impl Workers for EachProcessor {
    fn map<T: Send, U: Send>(&self, items: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
        let waiting = Mutex::new(items.into_iter().enumerate());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let worker = || {
            let mut done = Vec::new();
            while let Some((i, item)) = next() {
                done.push((i, work(item)));
            }
            done
        };
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
            let mut done = worker();
            for other in others {
                // What panicked on another thread panics on this one, as it would have without it.
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        done.sort_unstable_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, result)| result).collect()
    }
}
