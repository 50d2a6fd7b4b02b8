use wasmparser::WasmFeatures;
use wasmtime::{Config, InstanceAllocationStrategy, WasmBacktraceDetails};

use crate::abi::Abi;
use crate::pool::{Pool, Resident, pooling};

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
    fn code(abi: Abi) -> Config {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .epoch_interruption(true)
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
    #[cfg(feature = "compile")]
    pub(crate) fn compile_config(&self, abi: Abi) -> Config {
        let mut config = Self::code(abi);
        config.parallel_compilation(self.parallel_compilation);
        config
    }

    /// For running from a pool; `None` runs without one.
    pub(crate) fn run_config(&self, abi: Abi, pool: Option<&Pool>) -> Config {
        let mut config = Self::code(abi);
        if let Some(pool) = pool {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(
                pool,
                Resident::within(self.idle_bytes, pool),
            )));
        }
        config
    }
}
