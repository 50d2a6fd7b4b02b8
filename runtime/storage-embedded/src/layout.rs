//! The data directory: every file in it, and the version of its layout.
//!
//! | path | what | lost if deleted |
//! |---|---|---|
//! | `format` | the version of this layout, in decimal: [`FORMAT`] | – |
//! | `lock` | locked while a process uses the directory; holds its process id | nothing |
//! | `root-key.json` | the key of the native API, mode 0600; written by the first `serve` | that key |
//! | `access-key-seed` | what the secrets of access keys are made with, and secrets and parameters sealed with, mode 0600 | every access key, secret and parameter |
//! | `access-key-seed.sha256` | which seed that is, where it comes from outside of the directory | nothing, but a node that is without its seed makes another without a word |
//! | `artifact-key` | authenticates the files of `artifacts/`, and the cursors that guests list keys with | nothing: all are compiled again, and such a listing begins again |
//! | `topic-key` | signs the notifications of topics, mode 0600; written when the first is signed | nothing: another is made |
//! | `artifacts/` | compiled code | nothing: compiled again |
//! | `scratch/` | what functions write to `/tmp`, in files without names, so that it looks empty | nothing |
//! | `code/<2 hex>/<digest>.wasm` | components as they were uploaded, and packages, by SHA-256 | the functions |
//! | `code/incoming/` | uploads being written; emptied at start | nothing |
//! | `control.db` | the registry: SQLite, WAL, `synchronous=FULL` | the functions |
//! | `shard-<n>.db` | what is in namespaces, but for functions and the bytes of objects: SQLite, WAL, `synchronous=FULL`; namespaces are spread over [`SHARDS`] of them by the hash of their name | all that |
//! | `objects/<2 hex>/<digest>.<id>` | the bytes of one object or one part. Up to 1 MiB: exactly those, named by their SHA-256. Longer ones are followed by the SHA-256 of each MiB, 32 bytes each, and named by the SHA-256 of this list | the objects |
//! | `objects/incoming/` | objects being written; emptied at start | nothing |
//! | `volumes/<id>/names.db` | the names, directories and numbers of the files of one volume: SQLite, WAL, `synchronous=NORMAL`, and synced when a function syncs a file | the files of that volume |
//! | `volumes/<id>/files/<number>` | the bytes of one file of a volume | that file |
//! | `backup/` | second names of files while a backup is being made; removed at start | nothing |
//! | `backup.lock` | locked while a process uses `backup/`; holds its process id | nothing |
//! | `restoring` | there while a backup is being restored; no process opens the directory then | – |
//! | `logs.db` | finished invocations, many of one function in a row: SQLite, WAL, `synchronous=NORMAL` | the logs |
//!
//! The directory has mode 0700. The databases have their own schema version in
//! `PRAGMA user_version`. A release opens what older ones wrote, upgrading it
//! in place, and refuses what newer ones wrote.
//!
//! Backups are made and restored by [`backup`](crate::backup).

/// Second names of files while a backup is being made.
pub const BACKUP_DIR: &str = "backup";
/// The file whose lock says that [`BACKUP_DIR`] is in use.
pub const BACKUP_LOCK_FILE: &str = "backup.lock";
/// There while a backup is being restored.
pub const RESTORING_FILE: &str = "restoring";
/// The version of the layout.
pub const FORMAT: u64 = 1;
/// The file that holds [`FORMAT`].
pub const FORMAT_FILE: &str = "format";
/// The file whose lock says that the directory is in use.
pub const LOCK_FILE: &str = "lock";
/// The key of the native API.
pub const ROOT_KEY_FILE: &str = "root-key.json";
/// The key that authenticates compiled code.
pub const ARTIFACT_KEY_FILE: &str = "artifact-key";
/// Signs the notifications of topics.
pub const TOPIC_KEY_FILE: &str = "topic-key";
/// What the secrets of access keys are made with.
pub const ACCESS_KEY_SEED_FILE: &str = "access-key-seed";
/// Which seed the secrets of access keys are made with, where it is not [`ACCESS_KEY_SEED_FILE`].
pub const SEED_DIGEST_FILE: &str = "access-key-seed.sha256";
/// What functions write to `/tmp`.
pub const SCRATCH_DIR: &str = "scratch";
/// Compiled code.
pub const ARTIFACTS_DIR: &str = "artifacts";
/// Components as they were uploaded.
pub const CODE_DIR: &str = "code";
/// In [`CODE_DIR`]: uploads being written.
pub const INCOMING_DIR: &str = "incoming";
/// The registry.
pub const CONTROL_DB: &str = "control.db";
/// Finished invocations.
pub const LOGS_DB: &str = "logs.db";
/// How many shards there are, for ever: a namespace is found by it. More than a
/// small machine has cores, so that a larger one can use them too.
pub const SHARDS: usize = 8;
/// The shards.
pub const SHARD_DBS: [&str; SHARDS] = [
    "shard-0.db",
    "shard-1.db",
    "shard-2.db",
    "shard-3.db",
    "shard-4.db",
    "shard-5.db",
    "shard-6.db",
    "shard-7.db",
];
/// The bytes of objects.
pub const OBJECTS_DIR: &str = "objects";
/// The files of volumes.
pub const VOLUMES_DIR: &str = "volumes";
/// In the directory of a volume: the names of its files.
pub const VOLUME_NAMES_DB: &str = "names.db";
/// In the directory of a volume: the bytes of its files.
pub const VOLUME_FILES_DIR: &str = "files";
