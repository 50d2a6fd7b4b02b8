//! What queues hold. Looked up at every scrape and kept nowhere, so that it is
//! true also after a restart, and of a queue that is deleted nothing is left.

use jiff::Timestamp;
use lambent_service::QueueDepth;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Most queues with series of their own, the first by namespace and name. What further ones
/// hold is not counted at all: counting takes time, and a scrape must end.
pub(crate) const QUEUES_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    namespace: String,
    queue: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    namespace: String,
    queue: String,
    state: &'static str,
}

/// The series of `queues`.
pub(super) fn registry(queues: Vec<QueueDepth>) -> Registry {
    let now = Timestamp::now();
    let messages = Family::<StateLabels, Gauge>::default();
    let oldest = Family::<QueueLabels, Gauge>::default();
    for QueueDepth { namespace, queue, depth } in queues {
        let (namespace, queue) = (namespace.to_string(), queue.to_string());
        for (state, count) in
            [("ready", depth.ready), ("in-flight", depth.in_flight), ("delayed", depth.delayed)]
        {
            let labels = StateLabels { namespace: namespace.clone(), queue: queue.clone(), state };
            messages.get_or_create_owned(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let age = depth.oldest.map_or(0, |sent| now.duration_since(sent).as_secs().max(0));
        oldest.get_or_create_owned(&QueueLabels { namespace, queue }).set(age);
    }
    let mut registry = Registry::default();
    registry.register("lambent_queue_messages", "Messages in a queue, by state", messages);
    let help = "Seconds since the oldest message of a queue was sent; 0 if there is none";
    registry.register("lambent_queue_oldest_age_seconds", help, oldest);
    registry
}

#[cfg(test)]
mod tests {
    use lambent_service::Depth;
    use lambent_types::Namespace;
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn what_queues_hold_is_shown_by_state() {
        let depth = Depth {
            ready: 3,
            in_flight: 2,
            delayed: u64::MAX,
            // Clocks go back too.
            oldest: Some(Timestamp::MAX),
        };
        let queue = "orders".parse().unwrap();
        let namespace = Namespace::default();
        let mut shown = String::new();
        let registry = registry(vec![QueueDepth { namespace, queue, depth }]);
        text::encode(&mut shown, &registry).unwrap();
        let labels = "namespace=\"default\",queue=\"orders\"";
        for line in [
            format!("lambent_queue_messages{{{labels},state=\"ready\"}} 3"),
            format!("lambent_queue_messages{{{labels},state=\"in-flight\"}} 2"),
            format!("lambent_queue_messages{{{labels},state=\"delayed\"}} {}", i64::MAX),
            format!("lambent_queue_oldest_age_seconds{{{labels}}} 0"),
        ] {
            assert!(shown.lines().any(|l| l == line), "{line} is not in\n{shown}");
        }
    }
}
