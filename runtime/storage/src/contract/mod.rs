//! What every backend promises, as checks to run against one.
//!
//! A check panics where a promise is broken. It takes a store that is empty, or
//! at least holds nothing in the namespaces it uses, which begin with `contract`.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "checks panic to fail")]

mod aliases;
mod changes;
mod code;
mod concurrency;
mod dead_letters;
mod event_log;
mod keyvalue;
mod logs;
mod objects;
mod own_quotas;
mod queue_settings;
mod queues;
mod registry;
mod releases;
mod resources;
pub mod samples;
mod schedules;
mod set_aside;
mod tables;
mod triggers;
mod usage;
mod volumes;
mod waiting;

pub use waiting::depth_becomes;

use std::sync::Arc;

use lambent_types::ManualClock;

use crate::code::CodeStore;
use crate::event_log::EventLog;
use crate::keyvalue::KeyValue;
use crate::logs::InvocationLogs;
use crate::objects::Objects;
use crate::queues::Queues;
use crate::registry::Registry;
use crate::stores::Stores;
use crate::tables::Tables;
use crate::usage::Usage;

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
    registry::heads_that_want_instances_are_found(&*registry).await;
    set_aside::what_is_reserved_is_taken_out_of_the_namespace(&*registry).await;
    set_aside::instances_are_kept_ready_of_versions_and_aliases(&*registry).await;
    aliases::aliases_come_change_and_go(&*registry).await;
    aliases::expectations_of_aliases_are_enforced(&*registry).await;
    aliases::versions_are_kept_while_an_alias_leads_to_them(&*registry).await;
    releases::releases_are_kept_with_their_aliases(&*registry).await;
    releases::progress_is_noted_of_the_alias_that_was_read(&*registry).await;
    registry::digests_are_those_referred_to(&*registry).await;
    registry::packages_are_kept_as_long_as_code_is(&*registry).await;
    concurrency::publishes_get_numbers_of_their_own(&registry).await;
    concurrency::one_of_many_with_the_same_expectation_wins(&registry).await;
    concurrency::reads_see_acknowledged_writes(&registry).await;
    aliases::one_of_many_that_shift_an_alias_wins(&registry).await;
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
    logs::versions_and_aliases_are_selected(&*logs).await;
    logs::pages_continue_where_the_last_ended(&*logs).await;
    logs::pages_are_bounded_in_bytes(&*logs).await;
    logs::waiting_ends_with_news_or_the_timeout(&logs).await;
}

/// Checks [`Objects`]. Needs a runtime with several threads.
pub async fn check_objects(store: Arc<dyn Objects>) {
    let objects = &*store;
    objects::buckets_come_and_go(objects).await;
    objects::an_object_is_kept_as_it_was_given(objects).await;
    objects::conditions_are_enforced(objects).await;
    objects::conditions_of_header_fields_are_enforced(objects).await;
    objects::any_key_is_kept_exactly(objects).await;
    objects::what_is_out_of_bounds_is_refused(objects).await;
    objects::a_bucket_that_is_not_there_is_said_so(objects).await;
    objects::namespaces_see_nothing_of_each_other(objects).await;
    objects::copies::a_copy_has_the_same_bytes(objects).await;
    objects::copies::tags_change_without_their_object(objects).await;
    objects::copies::checksums_of_parts_are_kept(objects).await;
    objects::listing::prefixes_and_delimiters_select(objects).await;
    objects::listing::pages_continue_where_the_last_ended(objects).await;
    objects::multipart::parts_become_an_object(objects).await;
    objects::multipart::uploads_refuse_what_does_not_fit(objects).await;
    objects::multipart::uploads_can_be_conditional_and_aborted(objects).await;
    objects::streams::ranges_are_read(objects).await;
    objects::streams::readers_go_on_undisturbed(objects).await;
    objects::streams::bytes_that_end_early_leave_nothing(objects).await;
    objects::streams::a_refused_write_reads_no_bytes(objects).await;
    objects::versions::former_versions_stay_and_come_back(objects).await;
    objects::versions::suspended_buckets_replace_the_null_version(objects).await;
    objects::versions::versions_are_copied_tagged_and_judged(objects).await;
    objects::versions::lists_of_versions_continue(objects).await;
    objects::concurrency::one_of_many_conditional_writes_wins(&store).await;
    objects::concurrency::readers_and_writers_do_not_meet(&store).await;
}

/// Checks [`KeyValue`]. Needs a runtime with several threads.
pub async fn check_keyvalue(store: Arc<dyn KeyValue>) {
    let keys = &*store;
    keyvalue::keyspaces_come_and_go(keys).await;
    keyvalue::a_keyspace_that_is_not_there_is_said_so(keys).await;
    keyvalue::a_value_is_kept_as_it_was_given(keys).await;
    keyvalue::revisions_grow_and_never_repeat(keys).await;
    keyvalue::expectations_are_enforced(keys).await;
    keyvalue::what_is_out_of_bounds_is_refused(keys).await;
    keyvalue::counters_count(keys).await;
    keyvalue::namespaces_see_nothing_of_each_other(keys).await;
    keyvalue::batches::a_batch_is_made_in_its_order(keys).await;
    keyvalue::batches::a_batch_is_made_whole_or_not_at_all(keys).await;
    keyvalue::listing::keys_are_listed_by_prefix_in_the_order_of_bytes(keys).await;
    keyvalue::listing::pages_continue_where_the_last_ended(keys).await;
    keyvalue::concurrency::no_increment_is_lost(&store).await;
    keyvalue::concurrency::one_of_many_with_the_same_expectation_wins(&store).await;
    keyvalue::concurrency::reads_see_acknowledged_writes(&store).await;
}

/// Checks [`Tables`]. Needs a runtime with several threads.
pub async fn check_tables(stores: &Stores) {
    let (store, shared): (&dyn Tables, _) = (&*stores.tables, &stores.tables);
    tables::tables_come_and_go(store).await;
    tables::definitions_change_within_bounds(store).await;
    tables::a_table_that_is_not_there_is_said_so(store).await;
    tables::an_item_is_kept_as_it_was_given(store).await;
    tables::conditions_are_enforced(store).await;
    tables::updates_make_items_of_what_is_there(store).await;
    tables::what_is_out_of_bounds_is_refused(store).await;
    tables::namespaces_see_nothing_of_each_other(store).await;
    tables::transactions::a_transaction_is_made_whole(store).await;
    tables::transactions::a_transaction_is_made_not_at_all(store).await;
    tables::transactions::a_token_makes_a_transaction_once(store).await;
    tables::transactions::what_is_not_asked_for_need_not_be_answered(store).await;
    tables::pages::a_partition_is_read_in_the_order_of_its_range_keys(store).await;
    tables::pages::a_page_is_bounded_in_bytes(store).await;
    tables::pages::segments_have_every_item_once(store).await;
    tables::indexes::an_index_says_what_its_table_says(store).await;
    tables::indexes::an_index_that_is_added_is_filled(stores).await;
    tables::concurrency::no_update_is_lost(shared).await;
    tables::concurrency::one_of_many_with_the_same_condition_wins(shared).await;
    tables::concurrency::readers_see_transactions_whole(shared).await;
    tables::time::what_tables_hold_is_counted_until_it_is_gone(stores).await;
    tables::backups::a_backup_is_of_one_moment(stores).await;
    tables::backups::a_backup_outlives_its_table(stores).await;
    tables::backups::backups_are_listed_and_deleted(stores).await;
    tables::streams::each_change_has_a_record_and_nothing_else(store).await;
    tables::streams::a_view_says_what_is_kept(store).await;
    tables::streams::streams_come_and_end(store).await;
    tables::streams::a_reader_waits_for_the_next_record(shared).await;
    tables::streams::a_page_of_records_is_bounded(store).await;
    tables::streams::readers_note_where_they_are(store).await;
}

/// Checks what [`Tables`] whose clock this is do when time passes. It shows a time after 1975.
pub async fn check_tables_in_time(stores: &Stores, clock: &ManualClock) {
    tables::time::items_are_deleted_when_their_time_is_over(stores, clock).await;
    tables::time::a_token_is_known_for_ten_minutes(stores, clock).await;
    tables::streams::records_count_until_they_are_trimmed(stores, clock).await;
    tables::streams::what_time_deletes_has_a_record(stores, clock).await;
}

/// Checks [`Queues`].
pub async fn check_queues(store: Arc<dyn Queues>) {
    queues::a_message_is_received_until_it_is_deleted(&*store).await;
    queues::groups_keep_their_order(&*store).await;
    queues::what_is_released_was_never_received(&*store).await;
    queues::firsts_are_the_first_of_each_group(&*store).await;
    queues::dead_letters_go_and_come_back(&*store).await;
    queues::dead_letters_come_back_in_order(&*store).await;
    queue_settings::attributes_of_a_message_keep_their_types(&*store).await;
    queue_settings::duplicates_are_told_in_the_queue_or_in_the_group(&*store).await;
    queue_settings::a_queue_takes_no_larger_messages_than_it_says(&*store).await;
    queue_settings::a_queue_says_whose_dead_letters_it_takes(&*store).await;
    queue_settings::dead_letters_go_to_another_queue(&*store).await;
    dead_letters::what_is_given_up_says_why_and_can_go_back(&*store).await;
    dead_letters::who_only_looks_changes_nothing(&*store).await;
    dead_letters::who_looks_sees_what_nobody_could_receive(&*store).await;
    dead_letters::what_comes_straight_back_is_not_moved_again(&*store).await;
    waiting::purging_leaves_nothing(&*store).await;
    waiting::whoever_waits_is_woken_by_a_send(&store).await;
    waiting::whoever_waits_is_woken_by_a_dead_letter(&store).await;
}

/// Checks what [`Queues`] whose clock this is do when time passes.
pub async fn check_queues_in_time(store: Arc<dyn Queues>, clock: &ManualClock) {
    waiting::delay_visibility_and_retention_end(&*store, clock).await;
    waiting::duplicates_are_known_for_five_minutes(&*store, clock).await;
    waiting::stale_receipts_do_nothing(&*store, clock).await;
}

/// Checks the triggers of stores, and that what they are for becomes events.
pub async fn check_triggers(stores: &Stores) {
    let (queues, events) = (&*stores.queues, &*stores.events);
    dead_letters::events_that_were_given_up_go_back_to_their_channel(queues, events).await;
    triggers::changes_go_to_the_triggers_they_fit(stores).await;
    triggers::sources_are_kept_while_a_trigger_names_them(stores).await;
}

/// Checks the feeds of [`Changes`](crate::Changes) of stores. Needs a runtime with several threads.
pub async fn check_changes(stores: &Stores) {
    changes::every_feed_tells_of_every_change(stores).await;
}

/// Checks [`Resources`](crate::Resources) of any kind.
pub async fn check_resources(stores: &Stores) {
    resources::a_new_kind_needs_nothing_of_a_backend(stores).await;
    resources::what_is_none_of_its_kind_is_left_out(stores).await;
    resources::a_resource_is_replaced_as_it_was_read(stores).await;
    resources::resources_are_read_in_pages(stores).await;
}

/// Checks [`Schedules`](crate::Schedules) that append to the stores' log.
pub async fn check_schedules(stores: &Stores) {
    schedules::a_time_fires_once(stores).await;
}

/// Checks an [`EventLog`].
pub async fn check_event_log(log: Arc<dyn EventLog>) {
    event_log::an_event_comes_until_it_is_done(&*log).await;
    event_log::messages_of_a_fifo_topic_come_in_the_order_of_their_group(&*log).await;
}

/// Checks [`Volumes`](crate::Volumes). Needs a runtime with several threads.
pub async fn check_volumes(stores: &Stores) {
    let store = &*stores.volumes;
    volumes::files_are_shared_by_whoever_opens_a_volume(store).await;
    volumes::names_are_made_moved_and_removed(store).await;
    volumes::of_many_who_create_a_name_one_does(store).await;
    volumes::appends_and_renames_are_seen_whole(store).await;
    volumes::a_listing_goes_on_while_others_change(store).await;
    volumes::the_size_holds(store).await;
    volumes::the_size_holds_for_many_who_write_at_once(store).await;
    volumes::what_is_removed_is_gone_for_all(store).await;
    volumes::nothing_changes_by_what_is_read_only(store).await;
    volumes::times_are_kept(store).await;
    volumes::sizes_are_set_aside(stores).await;
}

/// Checks [`Usage`].
pub async fn check_usage(usage: Arc<dyn Usage>) {
    usage::usage_adds_up(&*usage).await;
    usage::versions_and_aliases_are_told_apart(&*usage).await;
}

/// Checks that [`Objects`] with quotas of 10 bytes, 3 objects and 2 buckets
/// enforce them. Needs a runtime with several threads.
pub async fn check_object_quotas(objects: Arc<dyn Objects>) {
    objects::quotas_are_enforced(&*objects).await;
    objects::concurrency::quotas_hold_in_flight(&*objects).await;
    objects::concurrency::one_of_many_that_need_most_of_a_quota_wins(&objects).await;
}

/// Checks that a [`Registry`] with quotas of 2 functions, 2 versions and 10 bytes of
/// code enforces them.
pub async fn check_registry_quotas(registry: Arc<dyn Registry>) {
    registry::quotas_are_enforced(&*registry).await;
}

/// Checks that quotas of single namespaces are enforced, also while they change. The stores'
/// own quotas must not be reached by it. Needs a runtime with several threads.
pub async fn check_own_quotas(stores: &Stores) {
    own_quotas::one_is_full_and_the_other_is_not(stores).await;
    own_quotas::what_was_reserved_is_honoured(stores).await;
    own_quotas::each_kind_has_its_own(stores).await;
}

/// Writes and reads an object of `size` bytes, and its end.
pub async fn check_large_object(objects: Arc<dyn Objects>, size: u64) {
    objects::streams::large_objects_come_and_go(&*objects, size).await;
}
