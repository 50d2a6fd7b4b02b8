use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds and defaults of what a deployer may ask for, in one place.
pub mod bounds {
    use std::time::Duration;

    const MIB: u64 = 1 << 20;

    /// Least memory, in bytes: below this not even a small guest starts.
    pub const MEMORY_BYTES_MIN: u64 = 2 * MIB;
    /// Most memory, in bytes: all a 32-bit WebAssembly memory can address.
    pub const MEMORY_BYTES_MAX: u64 = 4096 * MIB;
    /// Memory where none is asked for, in bytes; Lambda's default.
    pub const MEMORY_BYTES_DEFAULT: u64 = 128 * MIB;

    /// Shortest timeout.
    pub const TIMEOUT_MIN: Duration = Duration::from_millis(1);
    /// Longest timeout; Lambda's.
    pub const TIMEOUT_MAX: Duration = Duration::from_secs(900);
    /// The timeout where none is asked for; Lambda's default.
    pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(3);

    /// Least fuel: enough to instantiate a small guest.
    pub const FUEL_MIN: u64 = 10_000;
    /// Most fuel: hours of one core, so that the timeout always ends it first.
    pub const FUEL_MAX: u64 = 100_000_000_000_000;
    /// Fuel where none is asked for: some seconds of one core.
    pub const FUEL_DEFAULT: u64 = 10_000_000_000;

    /// Most bytes of a buffered payload, in either direction; Lambda's.
    pub const PAYLOAD_BYTES_MAX: u64 = 6 * MIB;
    /// Most bytes of a component; Lambda's unzipped bound.
    pub const CODE_BYTES_MAX: u64 = 250 * MIB;
    /// Most bytes of an environment, keys and values together; Lambda's.
    pub const ENVIRONMENT_BYTES_MAX: usize = 4096;
    /// Most bytes of log one invocation may keep; Lambda's event size.
    pub const LOG_BYTES_MAX: u64 = 256 << 10;
    /// Most characters of a description; Lambda's.
    pub const DESCRIPTION_CHARS_MAX: usize = 256;
    /// Most tags of a function; Lambda's.
    pub const TAGS_MAX: usize = 50;
    /// Most characters of a tag's key; Lambda's.
    pub const TAG_KEY_CHARS_MAX: usize = 128;
    /// Most characters of a tag's value; Lambda's.
    pub const TAG_VALUE_CHARS_MAX: usize = 256;
}

/// What one invocation may use. Reaching any of these ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of all linear memories and tables together.
    pub memory_bytes: u64,
    /// Wall-clock time from admission to the end, waits in host calls included.
    pub timeout: Duration,
    /// WebAssembly operators, by the frozen operator-cost table.
    pub fuel: u64,
    /// Bytes of a response; `None` lets a streamed one be as long as it likes.
    pub response_bytes: Option<u64>,
    /// Bytes of stdout and stderr kept together; the rest is dropped and counted.
    pub log_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: bounds::MEMORY_BYTES_DEFAULT,
            timeout: bounds::TIMEOUT_DEFAULT,
            fuel: bounds::FUEL_DEFAULT,
            response_bytes: None,
            log_bytes: bounds::LOG_BYTES_MAX,
        }
    }
}
