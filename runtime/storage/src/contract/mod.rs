//! What every backend promises, as checks to run against one.
//!
//! A check panics where a promise is broken. It takes a store that is empty, or
//! at least holds nothing in the namespaces it uses, which begin with `contract`.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "checks panic to fail")]

mod code;
mod concurrency;
mod logs;
mod registry;
pub mod samples;

use std::sync::Arc;

use crate::code::CodeStore;
use crate::logs::InvocationLogs;
use crate::registry::Registry;

/// Checks a [`Registry`]. Needs a runtime with several threads.
pub async fn check_registry(registry: Arc<dyn Registry>) {
    registry::nothing_is_there_at_first(&*registry).await;
    registry::put_creates_and_replaces(&*registry).await;
    registry::expectations_are_enforced(&*registry).await;
    registry::names_are_unique_ignoring_case(&*registry).await;
    registry::versions_are_immutable_and_numbered_once(&*registry).await;
    registry::deletion_takes_everything(&*registry).await;
    registry::revisions_never_repeat(&*registry).await;
    registry::listings_are_ordered_and_paged(&*registry).await;
    registry::digests_are_those_referred_to(&*registry).await;
    concurrency::publishes_get_numbers_of_their_own(&registry).await;
    concurrency::one_of_many_with_the_same_expectation_wins(&registry).await;
    concurrency::reads_see_acknowledged_writes(&registry).await;
}

/// Checks a [`CodeStore`].
pub async fn check_code(store: Arc<dyn CodeStore>) {
    code::keeps_what_it_was_given(&*store).await;
    code::refuses_bytes_of_another_digest(&*store).await;
    code::concurrent_uploads_of_the_same_bytes_agree(&store).await;
}

/// Checks [`InvocationLogs`].
pub async fn check_logs(logs: Arc<dyn InvocationLogs>) {
    logs::records_come_back_as_they_were(&*logs).await;
    logs::queries_select(&*logs).await;
    logs::pages_continue_where_the_last_ended(&*logs).await;
    logs::pages_are_bounded_in_bytes(&*logs).await;
    logs::waiting_ends_with_news_or_the_timeout(&logs).await;
}
