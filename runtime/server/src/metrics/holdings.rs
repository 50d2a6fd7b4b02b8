//! What namespaces hold and may hold, and what the disk has left. Looked up at
//! every scrape and kept nowhere.

use lambent_storage::{DiskSpace, Holding, Stores};
use lambent_types::Namespace;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuotaLabels {
    namespace: String,
    quota: &'static str,
}

/// What was found at one scrape.
pub(crate) struct Holdings {
    namespace: Namespace,
    held: Vec<Holding>,
    disk: DiskSpace,
}

/// What there is to tell. Where a store does not say, the rest of the metrics is
/// still worth having.
pub(crate) async fn holdings(stores: &Stores) -> Holdings {
    let namespace = Namespace::default();
    let held = stores.holdings(&namespace).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot see what is held for the metrics");
        Vec::new()
    });
    Holdings { namespace, held, disk: stores.space.look() }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The series of `holdings`.
pub(super) fn registry(holdings: Holdings) -> Registry {
    let used = Family::<QuotaLabels, Gauge>::default();
    let limits = Family::<QuotaLabels, Gauge>::default();
    for Holding { quota, used: amount, limit } in holdings.held {
        let namespace = holdings.namespace.to_string();
        let labels = QuotaLabels { namespace, quota: quota.name() };
        used.get_or_create_owned(&labels).set(gauge(amount));
        if let Some(limit) = limit {
            limits.get_or_create_owned(&labels).set(gauge(limit));
        }
    }
    let mut registry = Registry::default();
    registry.register("lambent_quota_used", "What a namespace holds, by quota", used);
    registry.register("lambent_quota_limit", "What a namespace may hold, by quota", limits);
    let disk = [
        ("lambent_disk_free_bytes", "Bytes of disk that may still be used", holdings.disk.free),
        (
            "lambent_disk_reserve_bytes",
            "Bytes of free disk below which only deletes are taken",
            Some(holdings.disk.reserve),
        ),
        (
            "lambent_disk_low",
            "1 while only deletes are taken, because the disk is nearly full",
            Some(holdings.disk.low.into()),
        ),
    ];
    for (name, help, value) in disk {
        if let Some(value) = value {
            let shown: Gauge = Gauge::default();
            shown.set(gauge(value));
            registry.register(name, help, shown);
        }
    }
    registry
}

#[cfg(test)]
pub(super) mod tests {
    use lambent_storage::Quota;
    use prometheus_client::encoding::text;

    use super::*;

    /// Nothing, of a disk that says nothing.
    pub(in crate::metrics) fn none() -> Holdings {
        let disk = DiskSpace { free: None, reserve: 0, low: false };
        Holdings { namespace: Namespace::default(), held: Vec::new(), disk }
    }

    #[test]
    fn what_is_held_and_what_is_free_is_shown() {
        let held = vec![
            Holding { quota: Quota::Keys, used: 3, limit: Some(u64::MAX - 1) },
            Holding { quota: Quota::CodeBytes, used: 0, limit: None },
        ];
        let disk = DiskSpace { free: Some(5), reserve: 6, low: true };
        let mut shown = String::new();
        let holdings = Holdings { held, disk, ..none() };
        text::encode(&mut shown, &registry(holdings)).unwrap();
        for line in [
            "lambent_quota_used{namespace=\"default\",quota=\"keys\"} 3".to_owned(),
            format!("lambent_quota_limit{{namespace=\"default\",quota=\"keys\"}} {}", i64::MAX),
            "lambent_quota_used{namespace=\"default\",quota=\"code-bytes\"} 0".to_owned(),
            "lambent_disk_free_bytes 5".to_owned(),
            "lambent_disk_reserve_bytes 6".to_owned(),
            "lambent_disk_low 1".to_owned(),
        ] {
            assert!(shown.lines().any(|l| l == line), "{line} is not in\n{shown}");
        }
        assert!(!shown.contains("lambent_quota_limit{namespace=\"default\",quota=\"code"));
    }
}
