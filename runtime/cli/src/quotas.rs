//! The flags that say how much a namespace may hold.

use clap::Args;
use lambent_server::Quotas;
use lambent_types::parse_bytes;

/// What one namespace may hold at most; no bound but the disk where none is given.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Quotas of each namespace")]
pub(crate) struct QuotaArgs {
    /// Bytes of objects, parts of unfinished uploads included [default: none]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    quota_objects: Option<u64>,

    /// Objects, unfinished uploads and their parts [default: none]
    #[arg(long, value_name = "N")]
    quota_object_count: Option<u64>,

    /// Bytes of keys and values [default: none]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    quota_keyvalue: Option<u64>,

    /// Bytes of messages and of events that wait [default: none]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    quota_messages: Option<u64>,

    /// Buckets, keyspaces, queues, triggers and schedules, of each kind [default: 10000]
    #[arg(long, value_name = "N")]
    quota_resources: Option<u64>,
}

impl QuotaArgs {
    /// The quotas these flags ask for.
    pub(crate) fn to_quotas(&self) -> Quotas {
        let default = Quotas::default();
        Quotas {
            object_bytes: self.quota_objects.unwrap_or(default.object_bytes),
            objects: self.quota_object_count.unwrap_or(default.objects),
            keyvalue_bytes: self.quota_keyvalue.unwrap_or(default.keyvalue_bytes),
            message_bytes: self.quota_messages.unwrap_or(default.message_bytes),
            resources: self.quota_resources.unwrap_or(default.resources),
        }
    }
}
