//! The pool of instances: what this machine can carry, how large its slots are, and what they
//! keep in memory while nobody uses them.

use std::fs;

use wasmtime::{Enabled, PoolingAllocationConfig};

/// Memory mappings one pooled instance takes at the most while it is alive:
/// two for its stack, a few each for its memory and tables.
const MAPPINGS_PER_INSTANCE: u64 = 12;
/// Mappings left for everything else in the process.
const MAPPINGS_RESERVED: u64 = 8_000;

/// Linear memories in the pool of one engine: 48 TiB. A process has an engine
/// for each ABI, and 128 TiB of addresses.
pub(crate) const MEMORIES_MAX: u32 = 12_000;

/// The pool that the host was found able to carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) instances: u32,
    pub(crate) pagemap_scan: bool,
    pub(crate) advice: Vec<PoolAdvice>,
}

/// Something about the machine that makes the pool smaller or slower.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolAdvice {
    /// The kernel allows too few memory mappings for the pool asked for.
    #[error(
        "vm.max_map_count is {found}, enough for {instances} instances; for {wanted} run: sysctl -w vm.max_map_count={needed}"
    )]
    MapCount {
        /// `vm.max_map_count` now.
        found: u64,
        /// What it should be.
        needed: u64,
        /// Instances asked for.
        wanted: u32,
        /// Instances there will be.
        instances: u32,
    },
    /// No process has the address space for the pool asked for.
    #[error(
        "the addresses of a process are enough for {instances} instances, not for {wanted}; run more nodes for more"
    )]
    AddressSpace {
        /// Instances asked for.
        wanted: u32,
        /// Instances there will be.
        instances: u32,
    },
    /// Swap is on: a page scan could then hand one tenant's page to another.
    #[error("swap is on, so instances are reset the slower, safe way; run: swapoff -a")]
    Swap,
    /// The kernel has no page scan.
    #[error("the kernel has no PAGEMAP_SCAN (Linux 6.7), so instances are reset the slower way")]
    NoPagemapScan,
    /// Not enough address space for any pool.
    #[error(
        "no address space for a pool of instances ({reason}); every instance is allocated on demand, which is slower; check `ulimit -v` and vm.overcommit_memory"
    )]
    NoPool {
        /// What the kernel said.
        reason: String,
    },
}

/// What of this machine makes a pool of so many instances smaller or slower.
#[must_use]
pub fn machine_advice(instances: u32) -> Vec<PoolAdvice> {
    Pool::for_host(instances).advice
}

impl Pool {
    /// The pool for `wanted` instances on this machine.
    pub(crate) fn for_host(wanted: u32) -> Self {
        let maps = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
        Self::plan(
            wanted,
            maps.and_then(|text| text.trim().parse().ok()),
            swaps.lines().count() > 1,
            PoolingAllocationConfig::is_pagemap_scan_available(),
        )
    }

    fn plan(wanted: u32, max_map_count: Option<u64>, swap: bool, pagemap_scan: bool) -> Self {
        let mut advice = Vec::new();
        let mut instances = wanted.clamp(1, MEMORIES_MAX);
        if instances < wanted {
            advice.push(PoolAdvice::AddressSpace { wanted, instances });
        }
        if let Some(found) = max_map_count {
            let carries = found.saturating_sub(MAPPINGS_RESERVED) / MAPPINGS_PER_INSTANCE;
            let carries = u32::try_from(carries).unwrap_or(u32::MAX).max(1);
            if carries < instances {
                let needed = u64::from(instances) * MAPPINGS_PER_INSTANCE + MAPPINGS_RESERVED;
                let wanted = instances;
                instances = carries;
                advice.push(PoolAdvice::MapCount { found, needed, wanted, instances });
            }
        }
        if swap {
            advice.push(PoolAdvice::Swap);
        } else if !pagemap_scan {
            advice.push(PoolAdvice::NoPagemapScan);
        }
        Self { instances, pagemap_scan: pagemap_scan && !swap, advice }
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
fn warm_slots() -> u32 {
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

/// Whether unused slots keep pages: only where the [trimmer](crate::trim::Trimmer) can bound how
/// many, for which it needs Linux and a compiler.
pub(crate) const KEEPS_PAGES: bool = cfg!(all(target_os = "linux", feature = "compile"));

/// How wasmtime allocates from `pool`.
pub(crate) fn pooling(pool: &Pool, resident: Resident) -> PoolingAllocationConfig {
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
    if pool.pagemap_scan && KEEPS_PAGES {
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

    #[test]
    fn too_few_mappings_make_the_pool_smaller_and_say_the_exact_sysctl() {
        let pool = Pool::plan(10_000, Some(65_530), false, true);
        assert_eq!(pool.instances, 4794);
        assert!(pool.advice[0].to_string().contains("sysctl -w vm.max_map_count=128000"));
        assert!(Pool::plan(1000, Some(65_530), false, true).advice.is_empty());
    }

    #[test]
    fn more_than_there_are_addresses_for_is_not_asked_of_the_kernel() {
        let pool = Pool::plan(20_000, Some(1 << 20), false, true);
        let wanted = 20_000;
        assert_eq!(pool.advice, [PoolAdvice::AddressSpace { wanted, instances: MEMORIES_MAX }]);
        assert_eq!(pool.instances, MEMORIES_MAX);
    }

    #[test]
    fn swap_turns_the_page_scan_off() {
        let pool = Pool::plan(10, None, true, true);
        assert!(!pool.pagemap_scan);
        assert_eq!(pool.advice, [PoolAdvice::Swap]);
        assert!(Pool::plan(10, None, false, true).pagemap_scan);
    }

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
