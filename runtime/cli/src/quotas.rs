//! The flags that say how much a namespace may hold, and how much of the disk
//! stays free.

use std::str::FromStr;

use clap::Args;
use lambent_server::Quotas;
use lambent_types::{Quota, parse_bytes};

/// The word that lifts a quota. 0 is a quota of nothing.
const UNLIMITED: &str = "unlimited";

/// What one namespace may hold at most. Where no quota is given, it depends on
/// the size of the disk: one namespace may fill three quarters of it in all.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Quotas of each namespace (or: unlimited), and the disk")]
pub(crate) struct QuotaArgs {
    /// Bytes of objects, parts and what is being written included [default: 1/4 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_objects: Option<u64>,

    /// Objects, unfinished uploads and their parts [default: one for each 64 KiB of the disk]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_object_count: Option<u64>,

    /// Bytes of keys and values [default: 1/10 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_keyvalue: Option<u64>,

    /// Keys [default: one for each 2.5 KiB of the disk]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_key_count: Option<u64>,

    /// Bytes of messages and of events that wait [default: 1/10 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_messages: Option<u64>,

    /// Messages and events that wait [default: one for each 2.5 KiB of the disk]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_message_count: Option<u64>,

    /// Bytes of the items of tables, with 100 for each [default: 1/10 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_table_bytes: Option<u64>,

    /// Bytes of components, each once however many versions use it [default: 1/20 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_code: Option<u64>,

    /// Published versions [default: 100000]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_versions: Option<u64>,

    /// Bytes that volumes may hold, used or not [default: 1/8 of the disk]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota_volume_bytes: Option<u64>,

    /// Invocations at once, of which functions can have some reserved [default: as many as the node
    /// runs at once]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_concurrency: Option<u64>,

    /// Functions, layers, buckets, keyspaces, tables, queues, volumes, triggers, schedules, sites, and the roles
    /// and policies of AWS's tools, of each kind [default: 10000]
    #[arg(long, value_name = "N", value_parser = count)]
    quota_resources: Option<u64>,

    /// Take only deletes while the disk has less free than this [default: 1/20 of the disk,
    /// at least 1 GiB (or 1/8 of a small disk) and at most 2 GiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    disk_reserve: Option<u64>,
}

fn size(text: &str) -> Result<u64, String> {
    limit(text, |text| parse_bytes(text).map_err(|error| error.to_string()))
}

fn count(text: &str) -> Result<u64, String> {
    limit(text, |text| text.parse().map_err(|_| "not a number".into()))
}

fn limit(text: &str, read: impl FnOnce(&str) -> Result<u64, String>) -> Result<u64, String> {
    if text == UNLIMITED {
        return Ok(Quotas::UNLIMITED);
    }
    read(text).map_err(|error| format!("{error}; or give the word {UNLIMITED}"))
}

impl QuotaArgs {
    /// The quotas that these flags set.
    pub(crate) fn quotas(&self) -> Vec<(Quota, u64)> {
        let single = [
            (Quota::ObjectBytes, self.quota_objects),
            (Quota::Objects, self.quota_object_count),
            (Quota::KeyvalueBytes, self.quota_keyvalue),
            (Quota::Keys, self.quota_key_count),
            (Quota::MessageBytes, self.quota_messages),
            (Quota::Messages, self.quota_message_count),
            (Quota::TableBytes, self.quota_table_bytes),
            (Quota::CodeBytes, self.quota_code),
            (Quota::VolumeBytes, self.quota_volume_bytes),
            (Quota::Versions, self.quota_versions),
            (Quota::Concurrency, self.quota_concurrency),
        ];
        let resources = Quota::resources().map(|quota| (quota, self.quota_resources));
        let given = single.into_iter().chain(resources);
        given.filter_map(|(quota, limit)| Some((quota, limit?))).collect()
    }

    /// The bytes of disk that stay free, if they were given.
    pub(crate) const fn disk_reserve(&self) -> Option<u64> {
        self.disk_reserve
    }
}

/// The word that gives a namespace the node's quota again.
const DEFAULT: &str = "default";

/// A quota of one namespace as `--quota NAME=LIMIT` gives it. The names are those of the flags
/// of `lambent serve` without `--quota-`, and those of the single kinds of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnQuota {
    /// Which quotas: more than one only for `resources`.
    pub(crate) quotas: Vec<Quota>,
    /// The limit; `None` for the node's.
    pub(crate) limit: Option<u64>,
}

/// The names that `--quota` knows, each with the quotas that it sets.
fn names() -> Vec<(&'static str, Vec<Quota>)> {
    let mut names: Vec<(&str, Vec<Quota>)> = Vec::new();
    for quota in Quota::ALL {
        let name = quota.flag().trim_start_matches("--quota-");
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, quotas)) => quotas.push(quota),
            None => names.push((name, vec![quota])),
        }
    }
    names.extend(Quota::resources().map(|quota| (quota.name(), vec![quota])));
    names
}

impl FromStr for OwnQuota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (given, text) = text.split_once('=').ok_or("give it as NAME=LIMIT")?;
        let (known, found): (Vec<_>, Vec<_>) = names().into_iter().unzip();
        let at = known.iter().position(|name| *name == given);
        let quotas = at.and_then(|at| found.into_iter().nth(at)).ok_or_else(|| {
            format!("there is no quota {given:?}; there are {}", known.join(", "))
        })?;
        if text == DEFAULT {
            return Ok(Self { quotas, limit: None });
        }
        let read = if quotas.iter().all(|quota| quota.is_bytes()) { size } else { count };
        let limit = read(text).map_err(|error| format!("{error}, or {DEFAULT}"))?;
        Ok(Self { quotas, limit: Some(limit) })
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: QuotaArgs,
    }

    #[test]
    fn quotas_are_lifted_by_a_word_and_nothing_is_a_quota_too() {
        let args = ["probe", "--quota-objects=unlimited", "--quota-key-count=0"];
        let given = Probe::try_parse_from(args).unwrap().args.quotas();
        assert_eq!(given, [(Quota::ObjectBytes, Quotas::UNLIMITED), (Quota::Keys, 0)]);
        for wrong in ["--quota-objects=none", "--quota-key-count=1KiB", "--disk-reserve=unlimited"]
        {
            assert!(Probe::try_parse_from(["probe", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_namespace_is_given_quotas_by_the_names_of_the_flags() {
        let own = |text: &str| text.parse::<OwnQuota>();
        let given = |quotas: &[Quota], limit| Ok(OwnQuota { quotas: quotas.to_vec(), limit });
        assert_eq!(own("objects=10GiB"), given(&[Quota::ObjectBytes], Some(10 << 30)));
        assert_eq!(own("object-count=0"), given(&[Quota::Objects], Some(0)));
        assert_eq!(own("queues=3"), given(&[Quota::Queues], Some(3)));
        assert_eq!(own("code=default"), given(&[Quota::CodeBytes], None));
        let all = own("resources=unlimited").unwrap();
        assert_eq!((all.quotas.len(), all.limit), (14, Some(Quotas::UNLIMITED)));
        for (wrong, part) in [
            ("objects", "NAME=LIMIT"),
            ("object-bytes=1", "there are objects, object-count,"),
            ("key-count=1KiB", "unlimited, or default"),
        ] {
            let error = own(wrong).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let (names, quotas): (Vec<_>, Vec<_>) = names().into_iter().unzip();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "a name means one thing: {names:?}");
        assert!(Quota::ALL.iter().all(|quota| quotas.iter().any(|one| one == &[*quota])));
    }

    #[test]
    fn every_quota_has_the_flag_that_its_error_names() {
        let command = Probe::command();
        let flags: Vec<_> = command.get_arguments().filter_map(|flag| flag.get_long()).collect();
        for quota in Quota::ALL {
            assert!(flags.contains(&quota.flag().trim_start_matches('-')), "{}", quota.flag());
        }
    }
}
