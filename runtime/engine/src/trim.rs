//! Gives back to the system what unused slots of the pools keep resident.
//!
//! A slot keeps some of its pages when its instance is dropped, so that the next
//! one has no page faults for them. wasmtime bounds that for each slot, and after
//! a burst there are as many of those as there were instances at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use wasmtime::Engine;

use crate::pool::shards;

/// Bounds what unused slots of an engine's pools keep resident.
pub(crate) struct Trimmer {
    engines: [Engine; 2],
    /// Bytes that unused slots may keep, of both pools.
    bound: u64,
    /// The most that one slot keeps.
    slot: u64,
    /// Bytes that dropped instances may have left since it was last looked at.
    left: AtomicU64,
    running: AtomicBool,
}

impl Trimmer {
    /// `slot` is what one slot keeps at the most.
    pub(crate) fn new(engines: [Engine; 2], bound: u64, slot: u64) -> Arc<Self> {
        let (left, running) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { engines, bound, slot, left, running })
    }

    /// Counts a dropped instance that had so much memory. When many were dropped, threads
    /// of the trimmer's own give back what their slots kept.
    pub(crate) fn dropped(self: &Arc<Self>, bytes: u64) {
        let bytes = bytes.min(self.slot);
        if self.left.fetch_add(bytes, Relaxed) + bytes < self.bound / 2 {
            return;
        }
        self.left.store(0, Relaxed);
        if self.unused() <= self.bound || self.running.swap(true, Relaxed) {
            return;
        }
        let this = Arc::clone(self);
        let trim = std::thread::Builder::new().name("trim".into()).spawn(move || this.trim());
        if trim.is_err() {
            // The next call tries again.
            self.running.store(false, Relaxed);
        }
    }

    /// Bytes that unused slots keep.
    pub(crate) fn unused(&self) -> u64 {
        let pools = self.engines.iter().filter_map(Engine::pooling_allocator_metrics);
        pools.map(|pool| pool.unused_memory_bytes_resident() as u64).sum()
    }

    fn trim(&self) {
        for _ in 0..shards() {
            // A pool has a part for each of its threads, given out in turn to
            // threads that are new to it, and a thread is given slots of its own
            // part first: so all are reached.
            let part = || self.engines.iter().for_each(|engine| self.trim_part(engine));
            std::thread::scope(|scope| drop(scope.spawn(part).join()));
        }
        self.running.store(false, Relaxed);
    }

    /// Takes the slots that were not used for longest, gives back their pages, and
    /// then the slots.
    #[cfg(all(target_os = "linux", feature = "compile"))]
    fn trim_part(&self, engine: &Engine) {
        use rustix::mm::{Advice, madvise};
        use wasmtime::{Instance, Module, Store};

        use crate::pool::MEMORY_BYTES_MAX;

        /// `(module (memory (export "m") 0))`, whose instances take a slot each.
        const SLOT: &[u8] = b"\0asm\x01\0\0\0\x05\x03\x01\0\0\x07\x05\x01\x01m\x02\0";

        let Some(pool) = engine.pooling_allocator_metrics() else { return };
        // Compiles no function, as it has none.
        let Ok(module) = Module::new(engine, SLOT) else { return };
        let mut store = Store::new(engine, ());
        let bound = (self.bound / 2) as usize;
        while pool.unused_memory_bytes_resident() > bound {
            let warm = pool.unused_warm_memories();
            let Ok(instance) = Instance::new(&mut store, &module, &[]) else { return };
            let Some(memory) = instance.get_memory(&mut store, "m") else { return };
            // SAFETY: the slot is this instance's, which has no accessible byte of
            // it; what is mapped there reads as the pool expects it afterwards:
            // as zeros, or as the file behind it.
            let given_back = unsafe {
                let slot = memory.data_ptr(&store).cast();
                madvise(slot, MEMORY_BYTES_MAX, Advice::LinuxDontNeed)
            };
            if given_back.is_err() || pool.unused_warm_memories() >= warm {
                // The slot was never used before: this part has few that were.
                return;
            }
        }
    }
    /// Slots [keep nothing](crate::pool::KEEPS_PAGES) that could be given back.
    #[cfg(not(all(target_os = "linux", feature = "compile")))]
    fn trim_part(&self, _: &Engine) {}
}
