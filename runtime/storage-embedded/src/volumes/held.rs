use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lambent_files::Kind;

/// What is known of a file or directory that is open, by whomever.
pub(crate) struct Held {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    removed: AtomicBool,
    /// Held while a file is changed, so that it is counted as it is.
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Of a file, once it was looked for.
    pub(crate) size: Option<u64>,
    /// Whether it is known to be durable that there is this file.
    pub(crate) is_durable: bool,
}

impl Held {
    /// Whether it has no name any more.
    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }
}

/// The open files and directories of a volume, each with how many have it open.
#[derive(Default)]
pub(crate) struct Holders(HashMap<u64, (Arc<Held>, usize)>);

impl Holders {
    pub(crate) fn hold(&mut self, number: u64, kind: Kind) -> Arc<Held> {
        let new = || {
            let (removed, state) = (AtomicBool::new(false), Mutex::default());
            (Arc::new(Held { number, kind, removed, state }), 0)
        };
        let (held, count) = self.0.entry(number).or_insert_with(new);
        *count += 1;
        Arc::clone(held)
    }

    /// One has it open no more. Whether it is to be removed now.
    pub(crate) fn release(&mut self, number: u64) -> bool {
        let Some((held, count)) = self.0.get_mut(&number) else { return false };
        *count -= 1;
        if *count > 0 {
            return false;
        }
        let removed = held.is_removed();
        self.0.remove(&number);
        removed
    }

    /// It has no name any more. Whether it is to be removed now.
    pub(crate) fn unname(&self, number: u64) -> bool {
        let Some((held, _)) = self.0.get(&number) else { return true };
        held.removed.store(true, Ordering::Release);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_waits_for_the_last_who_has_it_open() {
        let mut holders = Holders::default();
        assert!(holders.unname(1), "nobody has it open");
        let (one, other) = (holders.hold(2, Kind::File), holders.hold(2, Kind::File));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!holders.release(2) && !holders.unname(2) && one.is_removed());
        assert!(holders.release(2) && !holders.release(2));
        holders.hold(3, Kind::Directory);
        assert!(!holders.release(3), "it has its name");
    }
}
