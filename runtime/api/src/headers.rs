//! The names of the header fields that are Lambent's own.

use http::HeaderName;

macro_rules! headers {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: HeaderName = HeaderName::from_static($text);)*

        /// Every name above.
        pub const ALL: [&str; [$($text),*].len()] = [$($text),*];
    };
}

headers! {
    /// Of a request: the namespace that it is for; that of the key if absent.
    NAMESPACE = "lambent-namespace";
    /// Of an invocation: what the client says of itself, a JSON object in base64.
    CLIENT_CONTEXT = "lambent-client-context";
    /// Of every response: the id of its request, and of the invocation if it was one.
    REQUEST_ID = "lambent-request-id";
    /// Of a response: the fields of the request that HTTP has a server ignore.
    IGNORED = "lambent-ignored";
    /// Of an invocation: the version that ran.
    VERSION = "lambent-version";
    /// Of an invocation: how it ended.
    OUTCOME = "lambent-outcome";
    /// Of an invocation: how it failed, if it did; the body is then a
    /// [`Failure`](lambent_types::Failure).
    FUNCTION_ERROR = "lambent-function-error";
    /// Of an invocation: `mapped` (cold) or `loaded`.
    START = "lambent-start";
    /// Of an invocation: microseconds of wall clock.
    DURATION_US = "lambent-duration-us";
    /// Of an invocation: the fuel that it used.
    FUEL = "lambent-fuel";
    /// Of an invocation: the most bytes of memory that it held at once.
    MEMORY_BYTES = "lambent-memory-bytes";
    /// Of a key: when it expires.
    EXPIRES = "lambent-expires";
    /// Of a message: its group, on a FIFO queue.
    GROUP = "lambent-group";
    /// Of a message: what a FIFO queue recognises a duplicate by.
    DEDUPLICATION = "lambent-deduplication";
}

/// What the names of fields with an object's own metadata begin with.
pub const METADATA_PREFIX: &str = "lambent-meta-";
/// What the names of fields with a message's attributes begin with.
pub const ATTRIBUTE_PREFIX: &str = "lambent-attr-";
/// What the names of fields with an event's CloudEvents attributes begin with.
pub const EVENT_PREFIX: &str = "ce-";
