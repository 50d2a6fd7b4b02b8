//! What namespaces hold and may hold, and what the disk has left. Looked up at
//! every scrape and kept nowhere.

use lambent_service::{DiskSpace, Holding};
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

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The series of what is `held`, and of the disk.
pub(super) fn registry(held: Vec<(Namespace, Holding)>, disk: DiskSpace) -> Registry {
    let used = Family::<QuotaLabels, Gauge>::default();
    let limits = Family::<QuotaLabels, Gauge>::default();
    for (namespace, Holding { quota, used: amount, limit }) in held {
        let namespace = namespace.to_string();
        let labels = QuotaLabels { namespace, quota: quota.name() };
        used.get_or_create_owned(&labels).set(gauge(amount));
        if let Some(limit) = limit {
            limits.get_or_create_owned(&labels).set(gauge(limit));
        }
    }
    let mut registry = Registry::default();
    registry.register("lambent_quota_used", "What a namespace holds, by quota", used);
    registry.register("lambent_quota_limit", "What a namespace may hold, by quota", limits);
    let series = [
        ("lambent_disk_free_bytes", "Bytes of disk that may still be used", disk.free),
        (
            "lambent_disk_reserve_bytes",
            "Bytes of free disk below which only deletes are taken",
            Some(disk.reserve),
        ),
        (
            "lambent_disk_low",
            "1 while only deletes are taken, because the disk is nearly full",
            Some(disk.low.into()),
        ),
    ];
    for (name, help, value) in series {
        if let Some(value) = value {
            let shown: Gauge = Gauge::default();
            shown.set(gauge(value));
            registry.register(name, help, shown);
        }
    }
    registry
}

#[cfg(test)]
mod tests {
    use lambent_service::Quota;
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn what_is_held_and_what_is_free_is_shown() {
        let held = vec![
            Holding { quota: Quota::Keys, used: 3, limit: Some(u64::MAX - 1) },
            Holding { quota: Quota::CodeBytes, used: 0, limit: None },
        ];
        let disk = DiskSpace { free: Some(5), reserve: 6, low: true };
        let mut shown = String::new();
        let held = held.into_iter().map(|holding| (Namespace::default(), holding)).collect();
        text::encode(&mut shown, &registry(held, disk)).unwrap();
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
