//! Decisions about functions: deploy, versions, rollback, delete.
