use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::abi::Abi;
use crate::pool::{MEMORIES_MAX, Pool};

/// Fuel between two yields to the other invocations of a thread: well under a
/// millisecond of work, so that a spinning guest delays its neighbours by no
/// more, and rare enough that yielding costs nothing measurable.
pub(crate) const FUEL_YIELD_INTERVAL: u64 = 500_000;

/// Bytes the host may copy out of a guest in one call, as it holds them: above
/// the largest buffered payload (6 MiB), and a few milliseconds of work also in
/// the smallest pieces.
pub(crate) const HOSTCALL_BYTES_MAX: usize = 8 << 20;

/// Host resources (streams, pollables, headers, bodies) a guest may hold at
/// once; a busy concurrent guest holds some hundreds.
pub(crate) const RESOURCES_MAX: usize = 1_000;

/// The limit of resources for an instance that serves up to a thousand requests at once, each
/// of which holds some.
pub(crate) const SHARED_RESOURCES_MAX: usize = 10_000;

/// Handles of all kinds that a component may hold at once, also to its own
/// resources, which cost the host little.
pub(crate) const HANDLES_MAX: usize = 10_000;

/// Random bytes a guest may ask for in one call: Go's and Python's libraries ask
/// for all that a program wants at once.
pub(crate) const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// Random bytes that are made before others may run, a third of a millisecond; as
/// many as the Web's `getRandomValues` gives.
pub(crate) const RANDOM_BYTES_AT_ONCE: u64 = 64 << 10;

/// Frames of a guest backtrace that are kept.
const BACKTRACE_FRAMES_MAX: usize = 20;

/// How an [`Engine`](crate::Engine) allocates. Says nothing about what the
/// compiled code looks like, so that an artifact compiled under any `Options`
/// can be loaded under any other.
#[derive(Debug, Clone)]
pub struct Options {
    /// Instances that can be alive at once. The pools reserve address space,
    /// not memory, for each: some 16 GiB. More are refused, not queued.
    pub instances: u32,
    /// Threads that compile one component in-process; 1 in a compiler child.
    pub parallel_compilation: bool,
    /// Bytes that slots of the pools may keep resident while nobody uses them, so
    /// that those who use them next have no page faults: about half of it
    /// for memories, the rest for stacks and tables. They are not drawn from a
    /// [`Budget`](crate::Budget).
    pub idle_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { instances: 1000, parallel_compilation: true, idle_bytes: 256 << 20 }
    }
}

impl Options {
    /// Everything that decides what compiled code looks like. The same for all
    /// engines of one build and ABI, or artifacts would not be exchangeable.
    fn code(&self, abi: Abi) -> Config {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .epoch_interruption(true)
            .parallel_compilation(self.parallel_compilation)
            .wasm_backtrace_details(WasmBacktraceDetails::Disable)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(BACKTRACE_FRAMES_MAX))
            .wasm_component_model(true)
            .wasm_component_model_async(abi == Abi::Async)
            .concurrency_support(abi == Abi::Async)
            .wasm_memory64(false)
            // No toolchain uses these by default, and each is code of the compiler
            // that would be open to attack (ADR 0023).
            .wasm_features(WasmFeatures::FUNCTION_REFERENCES, false)
            .wasm_relaxed_simd(false)
            .wasm_tail_call(false)
            // Host frames of one tenant are not left for the next to find.
            .async_stack_zeroing(true)
            // Prebuilt images in place of copying data segments, also for the
            // large heaps that Python and JavaScript snapshots carry.
            .memory_guaranteed_dense_image_size(64 << 20);
        config
    }

    /// A configuration of the same pool without metering, which the benches compare with.
    #[doc(hidden)]
    #[must_use]
    pub fn baseline(&self) -> Config {
        let mut config = self.run_config(Abi::Sync, Some(&Pool::for_host(self.instances)));
        config.consume_fuel(false).epoch_interruption(false);
        config
    }

    /// For compiling only: allocates nothing up front.
    pub(crate) fn compile_config(&self, abi: Abi) -> Config {
        self.code(abi)
    }

    /// For running from a pool; `None` runs without one.
    pub(crate) fn run_config(&self, abi: Abi, pool: Option<&Pool>) -> Config {
        let mut config = self.code(abi);
        if let Some(pool) = pool {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(
                pool,
                Resident::within(self.idle_bytes, pool),
            )));
        }
        config
    }
}

/// Elements of one table: five times wasmtime's default, which large C# and
/// JavaScript components come near. Address space only, until it is used.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Bytes of one linear memory.
pub(crate) const MEMORY_BYTES_MAX: usize = 1 << 32;

/// Unused slots of a part of a pool that are not given to another component while
/// there are slots that were never used, and that are not trimmed.
const WARM_SLOTS_PER_SHARD: u32 = 32;

/// Unused slots of a pool that keep their pages whatever the bound is.
pub(crate) fn warm_slots() -> u32 {
    WARM_SLOTS_PER_SHARD * shards()
}

/// Parts that wasmtime divides a pool into.
pub(crate) fn shards() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cores.min(16)).unwrap_or(1)
}

/// Bytes of a slot that stay resident between two uses, where dirty pages can be
/// told apart cheaply: resetting a few pages in place costs less than giving them
/// back and faulting them in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resident {
    pub(crate) memory: usize,
    table: usize,
    stack: usize,
}

impl Resident {
    /// The most for a memory: what most guests with a language runtime dirty.
    const MEMORY_MAX: u64 = 4 << 20;
    const TABLE_MAX: u64 = 64 << 10;
    /// Stacks are zeroed whole: more than guests use, little enough to be zeroed
    /// in a microsecond.
    const STACK_MAX: u64 = 32 << 10;
    const PAGE: u64 = 4 << 10;

    /// What the slots of two such pools may keep, to keep `bytes` together:
    /// memories half of it, of which only those slots count that the
    /// [trimmer](crate::trim::Trimmer) leaves; stacks three eighths, and tables the rest,
    /// where all count that were ever used at once.
    pub(crate) fn within(bytes: u64, pool: &Pool) -> Self {
        let share = |bytes: u64, slots: u32, most: u64| {
            let share = bytes / (2 * u64::from(slots.max(1)));
            (share / Self::PAGE * Self::PAGE).clamp(Self::PAGE, most) as usize
        };
        Self {
            memory: share(bytes / 2, warm_slots(), Self::MEMORY_MAX),
            stack: share(bytes / 8 * 3, pool.instances, Self::STACK_MAX),
            table: share(
                bytes / 8,
                pool.instances.saturating_mul(TABLES_PER_INSTANCE),
                Self::TABLE_MAX,
            ),
        }
    }
}

/// Tables in a pool for each instance.
const TABLES_PER_INSTANCE: u32 = 4;

fn pooling(pool: &Pool, resident: Resident) -> PoolingAllocationConfig {
    let instances = pool.instances;
    let mut config = PoolingAllocationConfig::new();
    config
        .total_component_instances(instances)
        .total_stacks(instances)
        // A Rust component is three core modules, a Python one some dozens.
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances.saturating_mul(2).min(MEMORIES_MAX))
        .total_tables(instances.saturating_mul(TABLES_PER_INSTANCE))
        .max_core_instances_per_component(256)
        .max_memories_per_component(16)
        .max_tables_per_component(64)
        .max_memories_per_module(4)
        .max_tables_per_module(16)
        .max_memory_size(MEMORY_BYTES_MAX)
        .max_unused_warm_slots(warm_slots())
        .table_elements(TABLE_ELEMENTS_MAX)
        .async_stack_keep_resident(resident.stack);
    if pool.pagemap_scan {
        config
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(resident.memory)
            .table_keep_resident(resident.table);
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident(bytes: u64, instances: u32) -> Resident {
        Resident::within(bytes, &Pool { instances, pagemap_scan: true, advice: Vec::new() })
    }

    #[test]
    fn slots_keep_less_where_there_is_less_or_where_there_are_more() {
        let much = resident(8 << 30, 100);
        assert_eq!(much, Resident { memory: 4 << 20, table: 64 << 10, stack: 32 << 10 });
        let little = resident(100 << 20, 2000);
        let memories = 2 * u64::from(warm_slots()) * little.memory as u64;
        assert!(memories <= 50 << 20 && little.memory >= 64 << 10, "{little:?}");
        assert_eq!((little.stack, little.table), (8 << 10, 4 << 10));
    }
}
