//! The error codes on the wire, as one table.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the codes. A row is the variant, the code on the wire, the HTTP
/// status, whether the same request may succeed later (`retryable` or `final`), the
/// problem's title and, where there is one, the next step for whoever got it from
/// the command line; `{name}` in it stands for the function that it was about.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $wire:literal, $status:literal, $again:ident, $title:literal
        $(, $hint:literal)?;)*) => {
        /// Every error code on the wire, in alphabetical order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $wire)] $code,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: [Self; [$($wire),*].len()] = [$(Self::$code),*];

            /// The code as it is on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $wire,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$code => $status,)* }
            }

            /// Whether the same request may succeed later, unchanged.
            #[must_use]
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$code => codes!(@ $again),)* }
            }

            /// A few words for the problem's `title`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)* }
            }

            /// The next step on the command line; `{name}` stands for the function
            /// that the request was about. None where the detail says all there is.
            #[must_use]
            pub const fn hint(self) -> Option<&'static str> {
                match self { $(Self::$code => codes!(@ hint $($hint)?),)* }
            }
        }
    };
    (@ retryable) => { true };
    (@ final) => { false };
    (@ hint) => { None };
    (@ hint $hint:literal) => { Some($hint) };
}

codes! {
    /// No access key of that id.
    AccessKeyNotFound = "access-key-not-found", 404, final, "no such access key",
        "see which there are: lambent access-key list";
    /// The function has no alias of that name.
    AliasNotFound = "alias-not-found", 404, final, "no such alias",
        "see which there are: lambent alias list {name}";
    /// No bucket of that name.
    BucketNotFound = "bucket-not-found", 404, final, "no such bucket",
        "see which there are: lambent bucket list";
    /// The component is valid but cannot be compiled.
    CompileFailed = "compile-failed", 422, final, "component does not compile";
    /// The component cannot be compiled within the compiler's limits.
    CompileLimit = "compile-limit", 422, final, "component needs too much to compile",
        "the server sets the limits; more time: lambent serve --compile-cpu-seconds N";
    /// It is there already, not empty, or still in use.
    Conflict = "conflict", 409, final, "conflicts with what is there";
    /// The version that is asked for is a delete marker, which has no bytes.
    DeleteMarker = "delete-marker", 405, final, "the version is a delete marker";
    /// The disk has less free than the reserve: only deletes are taken.
    DiskReserve = "disk-reserve", 507, retryable, "disk is nearly full";
    /// The request expects of the server what it does not do.
    ExpectationFailed = "expectation-failed", 417, final, "expectation failed";
    /// The key is valid and may not do this.
    Forbidden = "forbidden", 403, final, "not allowed";
    /// No function of that name.
    FunctionNotFound = "function-not-found", 404, final, "no such function",
        "see which there are: lambent list";
    /// The head of the request is larger than allowed.
    HeaderTooLarge = "header-too-large", 431, final, "request header too large";
    /// There is no room for another version: the oldest cannot be taken away.
    HistoryFull = "history-full", 409, final, "no room for another version";
    /// The image that a function is to be made of cannot be fetched.
    ImageUnavailable = "image-unavailable", 422, final, "image cannot be fetched";
    /// The failure is inside the runtime.
    Internal = "internal", 500, final, "internal error",
        "the server's own log says more";
    /// The upload is not a WebAssembly component that this runtime can run.
    InvalidComponent = "invalid-component", 422, final, "not a usable component";
    /// A configuration value is out of bounds.
    InvalidConfiguration = "invalid-configuration", 400, final, "invalid configuration";
    /// A name is malformed.
    InvalidName = "invalid-name", 400, final, "invalid name";
    /// The upload is no package of files that a function can run on.
    InvalidPackage = "invalid-package", 422, final, "not a usable package";
    /// The request is malformed: JSON, query, headers or body.
    InvalidRequest = "invalid-request", 400, final, "malformed request";
    /// No such key in the keyspace.
    KeyNotFound = "key-not-found", 404, final, "no such key";
    /// No keyspace of that name.
    KeyspaceNotFound = "keyspace-not-found", 404, final, "no such keyspace",
        "see which there are: lambent keyspace list";
    /// No layer of that name, or no such version of it.
    LayerNotFound = "layer-not-found", 404, final, "no such layer",
        "see which there are: lambent layer list";
    /// The request comes of the function that it is for, too often or too many times over.
    LoopDetected = "loop-detected", 508, final, "function calls itself";
    /// The memory that the node may use is used up.
    MemoryExhausted = "memory-exhausted", 503, retryable, "node has no memory left",
        "nothing was changed; try again in a moment";
    /// The method does not exist for this resource.
    MethodNotAllowed = "method-not-allowed", 405, final, "method not allowed";
    /// No namespace of that name.
    NamespaceNotFound = "namespace-not-found", 404, final, "no such namespace",
        "see which there are: lambent namespace list";
    /// No resource at this path.
    NotFound = "not-found", 404, final, "no such resource";
    /// The function was not granted what it asked for.
    NotGranted = "not-granted", 403, final, "not granted";
    /// The request is for a part of a protocol that is not served.
    NotImplemented = "not-implemented", 501, final, "not implemented";
    /// The function has no export that this trigger can call.
    NotInvocable = "not-invocable", 422, final, "function cannot be called this way",
        "see what it exports: lambent describe {name}";
    /// No such object in the bucket.
    ObjectNotFound = "object-not-found", 404, final, "no such object";
    /// The object has no such version.
    ObjectVersionNotFound = "object-version-not-found", 404, final, "no such version of the object";
    /// The node is out of instances or CPU time for the moment.
    Overloaded = "overloaded", 503, retryable, "node is overloaded",
        "nothing was changed; try again in a moment";
    /// No parameter of that name, or no such version of it.
    ParameterNotFound = "parameter-not-found", 404, final, "no such parameter",
        "see which there are: lambent parameter list";
    /// The value does not match the pattern that is kept with its parameter.
    PatternMismatch = "pattern-mismatch", 422, final, "value does not match its pattern";
    /// The payload is larger than allowed.
    PayloadTooLarge = "payload-too-large", 413, final, "payload too large";
    /// No policy of that name, or no such version of it.
    PolicyNotFound = "policy-not-found", 404, final, "no such policy",
        "see which there are: aws iam list-policies";
    /// `If-Match` names another revision than the current one.
    PreconditionFailed = "precondition-failed", 412, final, "revision has changed",
        "see what it is now, then repeat with the revision shown there";
    /// No instances are kept ready of that version or alias.
    ProvisionedNotFound = "provisioned-not-found", 404, final, "nothing is provisioned",
        "see what is: lambent concurrency show {name}";
    /// No queue of that name.
    QueueNotFound = "queue-not-found", 404, final, "no such queue",
        "see which there are: lambent queue list";
    /// The namespace would hold more than its quota.
    QuotaExceeded = "quota-exceeded", 507, final, "quota exceeded";
    /// The range begins after the object's end.
    RangeNotSatisfiable = "range-not-satisfiable", 416, final, "range not satisfiable";
    /// The receipt is no longer the last one of its message.
    ReceiptExpired = "receipt-expired", 410, final, "receipt has expired";
    /// The alias was never released.
    ReleaseNotFound = "release-not-found", 404, final, "no such release",
        "see which there are: lambent release status {name}";
    /// No role of that name.
    RoleNotFound = "role-not-found", 404, final, "no such role",
        "see which there are: aws iam list-roles";
    /// No runtime of that name.
    RuntimeNotFound = "runtime-not-found", 404, final, "no such runtime",
        "see which there are: lambent runtime list";
    /// The function was stored for a runtime that the node does not have.
    RuntimeNotServed = "runtime-not-served", 502, final, "runtime is not served",
        "see which there are: lambent runtime list";
    /// No schedule of that name.
    ScheduleNotFound = "schedule-not-found", 404, final, "no such schedule",
        "see which there are: lambent schedule list";
    /// No secret of that name, or no such version of it.
    SecretNotFound = "secret-not-found", 404, final, "no such secret",
        "see which there are: lambent secret list";
    /// The node is draining.
    ShuttingDown = "shutting-down", 503, retryable, "node is shutting down",
        "nothing was changed; try again in a moment";
    /// No site of that name.
    SiteNotFound = "site-not-found", 404, final, "no such site",
        "see which there are: lambent site list";
    /// The store cannot be written to.
    StorageUnavailable = "storage-unavailable", 503, retryable, "storage is unavailable",
        "check the disk that holds the server's data directory, then try again";
    /// No subscription of that name.
    SubscriptionNotFound = "subscription-not-found", 404, final, "no such subscription",
        "see which there are: lambent topic subscriptions";
    /// No table of that name.
    TableNotFound = "table-not-found", 404, final, "no such table",
        "see which there are: lambent table list";
    /// Too many invocations at once.
    Throttled = "throttled", 429, retryable, "too many invocations at once",
        "nothing was changed; try again in a moment";
    /// No topic of that name.
    TopicNotFound = "topic-not-found", 404, final, "no such topic",
        "see which there are: lambent topic list";
    /// No trigger of that name.
    TriggerNotFound = "trigger-not-found", 404, final, "no such trigger",
        "see which there are: lambent trigger list";
    /// No valid key came with the request.
    Unauthorized = "unauthorized", 401, final, "no valid key",
        "give the key with --key or LAMBENT_KEY";
    /// The component imports something that is not served.
    UnmetImports = "unmet-imports", 422, final, "component imports what is not served";
    /// The body's media type is not one that is accepted here.
    UnsupportedMediaType = "unsupported-media-type", 415, final, "unsupported media type";
    /// No such multipart upload.
    UploadNotFound = "upload-not-found", 404, final, "no such upload";
    /// No such version.
    VersionNotFound = "version-not-found", 404, final, "no such version",
        "see which there are: lambent versions {name}";
    /// No volume of that name.
    VolumeNotFound = "volume-not-found", 404, final, "no such volume",
        "see which there are: lambent volume list";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_the_documented_code() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            let kebab = format!("{code:?}").chars().fold(String::new(), |mut text, letter| {
                if letter.is_ascii_uppercase() && !text.is_empty() {
                    text.push('-');
                }
                text.push(letter.to_ascii_lowercase());
                text
            });
            assert_eq!(kebab, code.as_str());
        }
    }

    #[test]
    fn codes_are_in_alphabetical_order() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.as_str()));
    }

    #[test]
    fn only_errors_of_the_server_or_of_the_moment_may_be_tried_again() {
        for code in ErrorCode::ALL.into_iter().filter(|code| code.is_retryable()) {
            assert!(code.status() >= 500 || code.status() == 429, "{code:?}");
        }
    }
}
