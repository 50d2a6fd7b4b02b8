//! The data directory: every file in it, and the version of its layout.
//!
//! | path | what | lost if deleted |
//! |---|---|---|
//! | `format` | the version of this layout, in decimal: [`FORMAT`] | – |
//! | `lock` | locked while a process uses the directory; holds its process id | nothing |
//! | `root-key.json` | the key of the native API, mode 0600; written by the first `serve` | that key |
//! | `artifact-key` | authenticates the files of `artifacts/` | nothing: all are compiled again |
//! | `artifacts/` | compiled code | nothing: compiled again |
//! | `code/<2 hex>/<digest>.wasm` | components as they were uploaded, by SHA-256 | the functions |
//! | `code/incoming/` | uploads being written; emptied at start | nothing |
//! | `control.db` | the registry: SQLite, WAL, `synchronous=FULL` | the functions |
//! | `logs.db` | finished invocations: SQLite, WAL, `synchronous=NORMAL` | the logs |
//!
//! The directory has mode 0700. The databases have their own schema version in
//! `PRAGMA user_version`. A release opens what older ones wrote, upgrading it
//! in place, and refuses what newer ones wrote.
//!
//! A backup is a copy of `code/`, `root-key.json` and `control.db` (by SQLite's
//! backup, or with the server stopped), the database first.

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
