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

/// The same for an instance that serves up to a thousand requests at once, each
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
}

impl Default for Options {
    fn default() -> Self {
        Self { instances: 1000, parallel_compilation: true }
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
            // What no toolchain uses unless it is told to; each is code of the
            // compiler that would be open to attack (ADR 0023).
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

    /// The same pool without metering: what the benches compare with.
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
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pool)));
        }
        config
    }
}

/// Elements of one table: five times wasmtime's default, which large C# and
/// JavaScript components come near. Address space only, until it is used.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Bytes of a linear memory that stay resident between two uses of a slot,
/// where dirty pages can be told apart cheaply: resetting a few pages in place
/// costs less than giving them back and faulting them in again.
const MEMORY_KEEP_RESIDENT: usize = 4 << 20;
/// The same for tables.
const TABLE_KEEP_RESIDENT: usize = 64 << 10;
/// The same for stacks, which are zeroed whole: more than guests use, little
/// enough to be zeroed in a microsecond.
const STACK_KEEP_RESIDENT: usize = 32 << 10;

fn pooling(pool: &Pool) -> PoolingAllocationConfig {
    let instances = pool.instances;
    let mut config = PoolingAllocationConfig::new();
    config
        .total_component_instances(instances)
        .total_stacks(instances)
        // A Rust component is three core modules, a Python one some dozens.
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances.saturating_mul(2).min(MEMORIES_MAX))
        .total_tables(instances.saturating_mul(4))
        .max_core_instances_per_component(256)
        .max_memories_per_component(16)
        .max_tables_per_component(64)
        .max_memories_per_module(4)
        .max_tables_per_module(16)
        .max_memory_size(1 << 32)
        .table_elements(TABLE_ELEMENTS_MAX)
        .async_stack_keep_resident(STACK_KEEP_RESIDENT);
    if pool.pagemap_scan {
        config
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
            .table_keep_resident(TABLE_KEEP_RESIDENT);
    }
    config
}
