use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds and defaults of what a deployer may ask for, in one place.
pub mod bounds {
    use std::time::Duration;

    const MIB: u64 = 1 << 20;

    /// Most items that failed which the record of a batch names.
    pub const ITEM_FAILURES_MAX: usize = 20;
    /// Most characters of what the record of a batch says of an item that failed.
    pub const ITEM_FAILURE_CHARS_MAX: usize = 256;
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
    /// Most bytes of what a client says of itself, in base64; Lambda's.
    pub const CLIENT_CONTEXT_BYTES_MAX: usize = 3583;
    /// Most bytes of a component; Lambda's unzipped bound.
    pub const CODE_BYTES_MAX: u64 = 250 * MIB;
    /// Most bytes of an environment, keys and values together; Lambda's.
    pub const ENVIRONMENT_BYTES_MAX: usize = 4096;
    /// Most bytes of log one invocation may keep; Lambda's event size.
    pub const LOG_BYTES_MAX: u64 = 256 << 10;
    /// Most instances of one function that are kept ready; Lambda's account
    /// has a thousand at once.
    pub const PROVISIONED_MAX: u32 = 1000;
    /// Most invocations that one instance serves. It bounds how often a guest can
    /// leak something.
    pub const REUSE_MAX: u32 = 1_000_000;
    /// Invocations that one instance serves of what runs on a runtime, where no number is
    /// given: enough that loading the code costs nothing beside them.
    pub const RUNTIME_REUSE: u32 = 1000;
    /// Least bytes of `/tmp`, where there is one; Lambda's, and its default.
    pub const TMP_BYTES_MIN: u64 = 512 * MIB;
    /// Most bytes of `/tmp`; Lambda's.
    pub const TMP_BYTES_MAX: u64 = 10_240 * MIB;
    /// Most volumes of a function, as of layers. Lambda has one file system, whose access
    /// points are what several volumes are here.
    pub const MOUNTS_MAX: usize = 5;
    /// Most services of AWS's that a function calls there.
    pub const AWS_SERVICES_MAX: usize = 50;
    /// Most aliases of a function: all of them are in one record with its head.
    pub const ALIASES_MAX: usize = 100;
    /// Most steps of a release, which are in the same record.
    pub const RELEASE_STEPS_MAX: usize = 20;
    /// Shortest step of a release.
    pub const RELEASE_STEP_MIN: Duration = Duration::from_secs(1);
    /// Longest step of a release.
    pub const RELEASE_STEP_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
    /// Most characters of the path of a volume; Lambda's.
    pub const MOUNT_PATH_CHARS_MAX: usize = 160;
    /// Least bytes of a volume: a few hundred files, each of which counts as a block at least.
    pub const VOLUME_BYTES_MIN: u64 = MIB;
    /// Bytes of a volume if none are given: enough for most, and a small part of any disk.
    pub const VOLUME_BYTES_DEFAULT: u64 = 1 << 30;
    /// Most bytes of a volume: 1 TiB, the most of one file too.
    pub const VOLUME_BYTES_MAX: u64 = 1 << 40;
    /// Most files and directories of a volume. Each may take an inode of the disk, of which a
    /// common one has a few million.
    pub const VOLUME_FILES_MAX: u64 = 100_000;
    /// Most layers of a function; Lambda's.
    pub const LAYERS_MAX: usize = 5;
    /// Most versions of a layer at a time: all of them are in one record, which is read whole.
    pub const LAYER_VERSIONS_MAX: usize = 100;
    /// Most characters of what a runtime calls; Lambda's.
    pub const HANDLER_CHARS_MAX: usize = 128;
    /// Most requests that one instance serves at once. So many fail together when
    /// the instance reaches a limit.
    pub const SHARED_MAX: u32 = 1000;
    /// Most characters of a description; Lambda's.
    pub const DESCRIPTION_CHARS_MAX: usize = 256;
    /// Most bytes of what tools note of a function, keys and values together: what AWS's tools set
    /// of one that means nothing here is a tenth of it.
    pub const ANNOTATIONS_BYTES_MAX: usize = 16 << 10;
    /// Most tags of a function; Lambda's.
    pub const TAGS_MAX: usize = 50;
    /// Most characters of a tag's key; Lambda's.
    pub const TAG_KEY_CHARS_MAX: usize = 128;
    /// Most tags of an object; S3's.
    pub const OBJECT_TAGS_MAX: usize = 10;
    /// Most bytes of an object's key; S3's.
    pub const OBJECT_KEY_BYTES_MAX: usize = 1024;
    /// Most bytes of an object: 5 TiB, S3's.
    pub const OBJECT_BYTES_MAX: u64 = 5 << 40;
    /// Least bytes of a part of a multipart upload, except the last; S3's.
    pub const PART_BYTES_MIN: u64 = 5 * MIB;
    /// Most bytes of a part of a multipart upload; S3's 5 GiB.
    pub const PART_BYTES_MAX: u64 = 5 << 30;
    /// Highest number of a part; S3's.
    pub const PART_NUMBER_MAX: u32 = 10_000;
    /// Most bytes of an object's own metadata, names and values together; S3's.
    pub const OBJECT_METADATA_BYTES_MAX: usize = 2048;
    /// The header fields that are kept with an object and given out with it,
    /// beside its media type; S3's.
    pub const OBJECT_HEADERS: [&str; 5] =
        ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
    /// Most bytes of the header fields kept with an object, names and values
    /// together; as much as of its own metadata.
    pub const OBJECT_HEADERS_BYTES_MAX: usize = 2048;
    /// Most domains that a site has of its own.
    pub const SITE_DOMAINS_MAX: usize = 20;
    /// Most routes of a site, so that one stays a small resource; API Gateway has 300 of an API.
    pub const SITE_ROUTES_MAX: usize = 200;
    /// Most bytes of the method and path of a route: more than a path has that somebody types.
    pub const SITE_ROUTE_BYTES_MAX: usize = 512;
    /// Most entries in each list of what pages of other origins may do. Lambda has 100 origins; 20
    /// are compared with every request in no time.
    pub const CORS_ENTRIES_MAX: usize = 20;
    /// Longest time for which a browser need not ask again; Lambda's, and no browser takes more.
    pub const CORS_MAX_AGE_SECONDS_MAX: u32 = 86_400;
    /// Most bytes of a key in a keyspace.
    pub const KEY_BYTES_MAX: usize = 1024;
    /// Most bytes of a value or a message. An event has room for one, and to spare.
    pub const VALUE_BYTES_MAX: usize = 1 << 20;
    /// Most bytes of the attributes of a message, names and values together.
    pub const MESSAGE_ATTRIBUTES_BYTES_MAX: usize = 16 << 10;
    /// Most bytes of the input of a schedule, as JSON: it is kept with every schedule, and all of them are
    /// read at once. EventBridge Scheduler's 256 KiB would be a tenth of what an event has room for.
    pub const SCHEDULE_INPUT_BYTES_MAX: usize = 64 << 10;
    /// Most messages in one send, and most keys in one batch.
    pub const BATCH_MAX: usize = 1000;
    /// Most items on a page of a listing; S3's.
    pub const PAGE_MAX: usize = 1000;
    /// Longest visibility timeout; SQS's.
    pub const VISIBILITY_MAX: Duration = Duration::from_secs(12 * 3600);
    /// Longest delay of a message; SQS's.
    pub const DELAY_MAX: Duration = Duration::from_secs(900);
    /// Longest retention of a message; SQS's.
    pub const RETENTION_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
    /// Longest time that a receiver waits for a message; SQS's.
    pub const WAIT_MAX: Duration = Duration::from_secs(20);
    /// How long a FIFO queue remembers what it was sent; SQS's.
    pub const DEDUPLICATION_WINDOW: Duration = Duration::from_secs(300);
    /// Most steps of comparing one event with all patterns of a trigger: some
    /// tenths of a second in the worst case. An event of 1 MiB with a hundred
    /// thousand values is compared with twenty matchers in less.
    pub const PATTERN_STEPS_MAX: u64 = 10_000_000;
    /// How often one function may appear in the chain of events that led to an
    /// invocation; Lambda stops recursion there too.
    pub const RECURSION_MAX: u32 = 16;

    /// How many invocations may descend from one by default. This is more than a
    /// night's import sends, and a runaway of thousands a second reaches it in minutes.
    pub const DESCENDANTS_DEFAULT: u64 = 1_000_000;

    /// Most characters of a tag's value; Lambda's.
    pub const TAG_VALUE_CHARS_MAX: usize = 256;
}

/// The resources that one invocation may use. Reaching any of these limits ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of all linear memories and tables together.
    pub memory_bytes: u64,
    /// Wall-clock time from admission to the end, waits in host calls included.
    pub timeout: Duration,
    /// WebAssembly operators, by the frozen operator-cost table, and what the host
    /// does for the guest, by the engine's table of costs.
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
