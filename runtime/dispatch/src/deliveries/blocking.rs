use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lambent_types::Namespace;
use tokio::sync::Semaphore;

/// Bytes of data that are read in place; that takes some tens of microseconds.
pub(super) const IN_PLACE_BYTES_MAX: usize = 8 << 10;

/// Does work on large data on blocking threads, off the threads that serve.
///
/// The sender chooses how large data is, and reading it is charged to no guest. So one
/// piece of work runs at once for each namespace, and a few on the node: a namespace
/// that has much of it waits for itself alone.
#[derive(Debug)]
pub(super) struct BlockingWork {
    /// As many permits as half the cores: so much work runs at once.
    node: Arc<Semaphore>,
    /// One at once for each namespace that has anything to do.
    namespaces: Mutex<HashMap<Namespace, Arc<Semaphore>>>,
}

impl Default for BlockingWork {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { node: Arc::new(Semaphore::new((cores / 2).max(1))), namespaces: Mutex::default() }
    }
}

impl BlockingWork {
    /// Does some work for a namespace when it is permitted; `None` if it panicked.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        let own = self.permit_of(namespace);
        // In this order, so that of each namespace one waits for the node.
        let own_permit = own.clone().acquire_owned().await;
        let permit = self.node.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // Held to the end, also if the caller waits no more.
            let _permits = (own_permit, permit);
            work()
        });
        let done = done.await;
        drop(own);
        self.forget(namespace);
        done.inspect_err(|error| tracing::error!(%error, "work on an event did not end")).ok()
    }

    fn permit_of(&self, namespace: &Namespace) -> Arc<Semaphore> {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        let permit = namespaces.entry(namespace.clone());
        permit.or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }

    /// Drops the semaphore of a namespace that has nothing to do.
    fn forget(&self, namespace: &Namespace) {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        // The map holds the only one.
        if namespaces.get(namespace).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
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
        let blocking = Arc::new(BlockingWork::default());
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
            let (blocking, namespace, work) = (blocking.clone(), namespace.clone(), work(&done));
            tokio::spawn(async move { blocking.run(&namespace, work).await })
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
        assert!(blocking.namespaces.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_that_panics_takes_nothing_with_it() {
        let (blocking, namespace) = (BlockingWork::default(), Namespace::default());
        assert_eq!(blocking.run(&namespace, || panic!("no")).await, None::<()>);
        assert_eq!(blocking.run(&namespace, || 1).await, Some(1));
    }
}
