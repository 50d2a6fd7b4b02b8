use wasmtime::ResourceLimiter;

/// Bytes of host memory one table element takes.
pub(crate) const TABLE_ELEMENT_BYTES: u64 = size_of::<usize>() as u64;

/// Holds all memories and tables of a store together under one limit.
///
/// wasmtime's own `StoreLimits` counts each memory by itself, so a component
/// with sixteen memories would get sixteen times its limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: u64,
    used: u64,
    peak: u64,
    denied: bool,
}

impl Limiter {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { limit, used: 0, peak: 0, denied: false }
    }

    /// Another invocation begins: from now on its peak is measured.
    pub(crate) const fn renew(&mut self) {
        self.peak = self.used;
        self.denied = false;
    }

    /// The most bytes in use at once.
    pub(crate) const fn peak(&self) -> u64 {
        self.peak
    }

    /// Whether the guest was refused memory.
    pub(crate) const fn denied(&self) -> bool {
        self.denied
    }

    fn grow(&mut self, current: u64, desired: u64) -> bool {
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        if wanted > self.limit {
            self.denied = true;
            return false;
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        true
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current as u64, desired as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| (elements as u64).saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(self.grow(bytes(current), bytes(desired)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut limiter = Limiter::new(100_000);
        assert!(limiter.memory_growing(0, 65_536, None).unwrap());
        assert!(limiter.table_growing(0, 1_000, None).unwrap());
        assert!(!limiter.memory_growing(65_536, 131_072, None).unwrap());
        assert!(limiter.denied());
        assert_eq!(limiter.peak(), 65_536 + 8_000);
    }
}
