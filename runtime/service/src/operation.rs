use lambent_types::Access;

/// Declares the operations. A row of `kinds` is the four that a kind of resource has (list,
/// describe, put, delete), its noun, and what describing one needs. Any other operation is
/// a row with its name and what it needs.
macro_rules! operations {
    (
        kinds { $($list:ident $describe:ident $put:ident $delete:ident = $noun:literal, $seen:expr;)* }
        $($(#[$doc:meta])* $variant:ident = $name:literal, $access:expr;)*
    ) => {
        operations! {
            @ $(
                #[doc = concat!("List ", $noun, "s.")]
                $list = concat!("list_", $noun, "s"), READ;
                #[doc = concat!("Describe a ", $noun, ".")]
                $describe = concat!("describe_", $noun), $seen;
                #[doc = concat!("Create a ", $noun, ", or change the one of its name.")]
                $put = concat!("put_", $noun), WRITE;
                #[doc = concat!("Delete a ", $noun, ".")]
                $delete = concat!("delete_", $noun), WRITE;
            )*
            $($(#[$doc])* $variant = $name, $access;)*
        }
    };
    (@ $($(#[$doc:meta])* $variant:ident = $name:expr, $access:expr;)*) => {
        /// One thing that a principal may be allowed to do, under the name that the
        /// API gives it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, which is also the `operationId` in the description of the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a function needs to be granted of the resource; any grant is enough
            /// where this is none.
            #[must_use]
            pub const fn access(self) -> Option<Access> {
                match self { $(Self::$variant => $access,)* }
            }
        }
    };
}

const ANY: Option<Access> = None;
const READ: Option<Access> = Some(Access::Read);
const WRITE: Option<Access> = Some(Access::Write);
const BOTH: Option<Access> = Some(Access::ReadWrite);

operations! {
    kinds {
        ListBuckets DescribeBucket PutBucket DeleteBucket = "bucket", ANY;
        ListKeyspaces DescribeKeyspace PutKeyspace DeleteKeyspace = "keyspace", ANY;
        ListLayers DescribeLayer PutLayer DeleteLayer = "layer", READ;
        ListNamespaces DescribeNamespace PutNamespace DeleteNamespace = "namespace", READ;
        ListParameters DescribeParameter PutParameter DeleteParameter = "parameter", READ;
        ListQueues DescribeQueue PutQueue DeleteQueue = "queue", ANY;
        ListRoles DescribeRole PutRole DeleteRole = "role", READ;
        ListRuntimes DescribeRuntime PutRuntime DeleteRuntime = "runtime", READ;
        ListSchedules DescribeSchedule PutSchedule DeleteSchedule = "schedule", READ;
        ListSecrets DescribeSecret PutSecret DeleteSecret = "secret", READ;
        ListSites DescribeSite PutSite DeleteSite = "site", READ;
        ListSubscriptions DescribeSubscription PutSubscription DeleteSubscription = "subscription", READ;
        ListTables DescribeTable PutTable DeleteTable = "table", ANY;
        ListTopics DescribeTopic PutTopic DeleteTopic = "topic", ANY;
        ListTriggers DescribeTrigger PutTrigger DeleteTrigger = "trigger", READ;
        ListVolumes DescribeVolume PutVolume DeleteVolume = "volume", ANY;
    }
    /// List access keys.
    ListAccessKeys = "list_access_keys", READ;
    /// Create an access key.
    CreateAccessKey = "create_access_key", WRITE;
    /// Describe an access key.
    DescribeAccessKey = "describe_access_key", READ;
    /// Delete an access key.
    DeleteAccessKey = "delete_access_key", WRITE;
    /// List the objects of a bucket.
    ListObjects = "list_objects", READ;
    /// Read an object, or what is known of it.
    GetObject = "get_object", READ;
    /// Write an object.
    PutObject = "put_object", WRITE;
    /// Delete an object.
    DeleteObject = "delete_object", WRITE;
    /// List the unfinished uploads of a bucket.
    ListUploads = "list_uploads", READ;
    /// Begin an upload in parts.
    BeginUpload = "begin_upload", WRITE;
    /// List the parts of an upload.
    DescribeUpload = "describe_upload", READ;
    /// Make an object of the parts of an upload.
    CompleteUpload = "complete_upload", WRITE;
    /// Forget an upload and its parts.
    AbortUpload = "abort_upload", WRITE;
    /// Write one part of an upload.
    PutPart = "put_part", WRITE;
    /// List functions.
    ListFunctions = "list_functions", READ;
    /// Describe a function, or one of its versions.
    DescribeFunction = "describe_function", READ;
    /// Deploy a function.
    DeployFunction = "deploy_function", WRITE;
    /// Delete a function.
    DeleteFunction = "delete_function", WRITE;
    /// Change the configuration of a function.
    ConfigureFunction = "configure_function", WRITE;
    /// Read the component of a function.
    DownloadCode = "download_code", READ;
    /// Invoke a function.
    InvokeFunction = "invoke_function", WRITE;
    /// Read the records of invocations.
    ReadLogs = "read_logs", READ;
    /// Give a function the code and the configuration of a version.
    RollbackFunction = "rollback_function", WRITE;
    /// List the versions of a function.
    ListVersions = "list_versions", READ;
    /// Compare two versions of a function.
    DiffVersions = "diff_versions", READ;
    /// Publish a version of a function.
    PublishVersion = "publish_version", WRITE;
    /// Delete a version of a function.
    DeleteVersion = "delete_version", WRITE;
    /// List the aliases of a function.
    ListAliases = "list_aliases", READ;
    /// Describe an alias of a function.
    DescribeAlias = "describe_alias", READ;
    /// Create an alias of a function, or change the one of its name.
    PutAlias = "put_alias", WRITE;
    /// Delete an alias of a function.
    DeleteAlias = "delete_alias", WRITE;
    /// List the releases of a function's aliases.
    ListReleases = "list_releases", READ;
    /// Describe the release of an alias.
    DescribeRelease = "describe_release", READ;
    /// Begin the release of an alias.
    PutRelease = "put_release", WRITE;
    /// Pause, resume, promote or roll back the release of an alias.
    ChangeRelease = "change_release", WRITE;
    /// Read what is reserved for a function.
    DescribeConcurrency = "describe_concurrency", READ;
    /// Change what is reserved for a function.
    PutConcurrency = "put_concurrency", WRITE;
    /// List what is kept ready of a function's versions.
    ListProvisioned = "list_provisioned", READ;
    /// Describe what is kept ready of a version.
    DescribeProvisioned = "describe_provisioned", READ;
    /// Keep instances of a version ready.
    PutProvisioned = "put_provisioned", WRITE;
    /// Keep no instances of a version ready any more.
    DeleteProvisioned = "delete_provisioned", WRITE;
    /// List policies.
    ListPolicies = "list_policies", READ;
    /// Describe a policy.
    DescribePolicy = "describe_policy", READ;
    /// Create a policy, or change the one of its name.
    PutPolicy = "put_policy", WRITE;
    /// Delete a policy.
    DeletePolicy = "delete_policy", WRITE;
    /// Take temporary keys in the name of a role.
    AssumeRole = "assume_role", WRITE;
    /// Read the value of a parameter.
    GetParameterValue = "get_parameter_value", READ;
    /// Read the value of a secret.
    GetSecretValue = "get_secret_value", READ;
    /// Delete a version of a layer.
    DeleteLayerVersion = "delete_layer_version", WRITE;
    /// Set and delete keys, all or none.
    ChangeKeys = "change_keys", WRITE;
    /// Add to a counter.
    IncrementKey = "increment_key", WRITE;
    /// List the keys of a keyspace.
    ListKeys = "list_keys", READ;
    /// Read the value of a key.
    GetKey = "get_key", READ;
    /// Read items of a table by their keys.
    GetItems = "get_items", READ;
    /// Read items of a partition of a table or an index.
    QueryItems = "query_items", READ;
    /// Read all items of a table or an index.
    ScanItems = "scan_items", READ;
    /// List the streams of tables.
    ListStreams = "list_streams", READ;
    /// Describe a stream of a table.
    DescribeStream = "describe_stream", READ;
    /// Read the changes of items from a stream of a table.
    ReadStream = "read_stream", READ;
    /// Back up a table.
    CreateBackup = "create_backup", READ;
    /// List the back-ups of tables.
    ListBackups = "list_backups", READ;
    /// Describe a back-up of a table.
    DescribeBackup = "describe_backup", READ;
    /// Delete a back-up of a table.
    DeleteBackup = "delete_backup", WRITE;
    /// Create a table with the items of a back-up.
    RestoreBackup = "restore_backup", WRITE;
    /// Write, change and delete items of tables.
    WriteItems = "write_items", WRITE;
    /// Delete messages that were received.
    DeleteMessages = "delete_messages", READ;
    /// Send messages to a queue.
    SendMessages = "send_messages", WRITE;
    /// Publish messages to a topic.
    PublishMessages = "publish_messages", WRITE;
    /// Delete every message of a queue.
    PurgeQueue = "purge_queue", WRITE;
    /// Set when a message can be received again.
    ChangeVisibility = "change_visibility", READ;
    /// Look at messages of a queue without receiving them.
    PeekMessages = "peek_messages", READ;
    /// Receive messages of a queue.
    ReceiveMessages = "receive_messages", READ;
    /// Move dead letters back to where they came from.
    RedriveQueue = "redrive_queue", WRITE;
    /// Read the files of a volume; only functions do.
    ReadFiles = "read_files", READ;
    /// Read and change the files of a volume; only functions do.
    ChangeFiles = "change_files", BOTH;
    /// Read what a namespace used and holds.
    ReadUsage = "read_usage", READ;
}

impl Operation {
    /// Whether a client's operation is recorded in the log of changes. Who receives
    /// messages changes the queue, though reading it is all that is permitted by that;
    /// invocations leave records of their own.
    pub(crate) const fn is_audited(self) -> bool {
        match self {
            Self::InvokeFunction => false,
            Self::ReceiveMessages
            | Self::ChangeVisibility
            | Self::DeleteMessages
            | Self::CreateBackup => true,
            other => matches!(other.access(), Some(Access::Write | Access::ReadWrite)),
        }
    }
}
