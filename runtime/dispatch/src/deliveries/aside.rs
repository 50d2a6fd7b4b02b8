use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lambent_types::Namespace;
use tokio::sync::Semaphore;

/// Bytes of data that are read in place; that takes some tens of microseconds.
pub(super) const IN_PLACE_BYTES_MAX: usize = 8 << 10;

/// Does what takes long with large data, off the threads that serve.
///
/// How large data is, is its sender's choice, and what it takes to read it is
/// nobody's fuel: so it is done once at a time for each namespace and a few times
/// at a time on the node. A namespace that has much of it waits for itself, and
/// each takes its turn.
#[derive(Debug)]
pub(super) struct Aside {
    /// As many at once as half the cores.
    node: Arc<Semaphore>,
    /// One at once for each namespace that has anything to do.
    namespaces: Mutex<HashMap<Namespace, Arc<Semaphore>>>,
}

impl Default for Aside {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { node: Arc::new(Semaphore::new((cores / 2).max(1))), namespaces: Mutex::default() }
    }
}

impl Aside {
    /// Does some work for a namespace when it is its turn; `None` if it panicked.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        let own = self.turn_of(namespace);
        // In this order, so that of each namespace one waits for the node.
        let own_turn = own.clone().acquire_owned().await;
        let turn = self.node.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // Held to the end, also if nobody waits for it any more.
            let _turns = (own_turn, turn);
            work()
        });
        let done = done.await;
        drop(own);
        self.forget(namespace);
        done.inspect_err(|error| tracing::error!(%error, "work on an event did not end")).ok()
    }

    fn turn_of(&self, namespace: &Namespace) -> Arc<Semaphore> {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = namespaces.entry(namespace.clone());
        turn.or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }

    /// Drops what nobody waits for.
    fn forget(&self, namespace: &Namespace) {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's is the only one left.
        if namespaces.get(namespace).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            namespaces.remove(namespace);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_namespace_with_little_to_do_does_not_wait_for_one_with_much() {
        let aside = Arc::new(Aside::default());
        let (many, few): (Namespace, Namespace) = ("many".parse().unwrap(), "few".parse().unwrap());
        let (done, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |count: &Arc<AtomicUsize>| {
            let (count, running) = (count.clone(), running.clone());
            move || {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 64);
                std::thread::sleep(Duration::from_millis(20));
                running.fetch_sub(1, Ordering::SeqCst);
                count.fetch_add(1, Ordering::SeqCst);
            }
        };
        let spawn = |namespace: &Namespace| {
            let (aside, namespace, work) = (aside.clone(), namespace.clone(), work(&done));
            tokio::spawn(async move { aside.run(&namespace, work).await })
        };
        let waiting: Vec<_> = (0..50).map(|_| spawn(&many)).collect();
        while running.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(running.load(Ordering::SeqCst), 1, "one at a time");
        let before = done.load(Ordering::SeqCst);
        assert_eq!(spawn(&few).await.unwrap(), Some(()));
        assert!(done.load(Ordering::SeqCst) - before < 10, "it waited for the others");
        for one in waiting {
            one.await.unwrap();
        }
        assert!(aside.namespaces.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_that_panics_takes_nothing_with_it() {
        let (aside, namespace) = (Aside::default(), Namespace::default());
        assert_eq!(aside.run(&namespace, || panic!("no")).await, None::<()>);
        assert_eq!(aside.run(&namespace, || 1).await, Some(1));
    }
}
