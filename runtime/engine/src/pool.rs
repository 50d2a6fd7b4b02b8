//! What pool this machine can carry.

use std::fs;

use wasmtime::PoolingAllocationConfig;

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
}
