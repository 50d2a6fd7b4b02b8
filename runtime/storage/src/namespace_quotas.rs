//! What each namespace may hold.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

pub use lambent_types::OwnQuotas;

use lambent_types::Namespace;

use crate::quota::{Quota, Quotas};
use crate::sync;

/// The quotas of every namespace: the node's, but for the namespaces that have their own. All
/// stores of a node read the same table, whenever they look at a quota, so that a change is
/// in force at once.
///
/// The table is of one process. Where several nodes share a backend, each fills its own from
/// what they all keep.
#[derive(Debug, Default)]
pub struct NamespaceQuotas {
    node: Quotas,
    /// By the namespace's key. Without an entry a namespace has the node's quotas.
    own: RwLock<HashMap<String, (OwnQuotas, Quotas)>>,
}

impl NamespaceQuotas {
    /// The node's quotas for every namespace.
    #[must_use]
    pub fn new(node: Quotas) -> Arc<Self> {
        Arc::new(Self { node, own: RwLock::default() })
    }

    /// What a namespace, by its key, may hold.
    #[must_use]
    pub fn of(&self, namespace: &str) -> Quotas {
        let own = sync::read(&self.own);
        own.get(namespace).map_or(self.node, |(_, quotas)| *quotas)
    }

    /// How much a namespace may hold of one thing.
    #[must_use]
    pub fn limit(&self, namespace: &Namespace, quota: Quota) -> u64 {
        let own = sync::read(&self.own);
        // Few namespaces have their own, and this is asked for every invocation.
        let own = if own.is_empty() { None } else { own.get(&namespace.key()) };
        own.map_or(&self.node, |(_, quotas)| quotas).limit(quota)
    }

    /// Whether these are a namespace's own quotas.
    #[must_use]
    pub fn are_of(&self, namespace: &Namespace, quotas: &OwnQuotas) -> bool {
        let own = sync::read(&self.own);
        own.get(&namespace.key()).map_or(quotas.0.is_empty(), |(found, _)| found == quotas)
    }

    /// Gives these namespaces quotas of their own, and all others the node's.
    pub fn set_all(&self, all: impl IntoIterator<Item = (Namespace, OwnQuotas)>) {
        let given = all.into_iter().filter(|(_, quotas)| !quotas.0.is_empty());
        let given = given.map(|(namespace, quotas)| {
            let all = self.node.with_own(&quotas);
            (namespace.key(), (quotas, all))
        });
        let given = given.collect();
        *sync::write(&self.own) = given;
    }

    /// Gives a namespace quotas of its own in place of those it had; none for the node's.
    pub fn set(&self, namespace: &Namespace, quotas: OwnQuotas) {
        let mut own = sync::write(&self.own);
        if quotas.0.is_empty() {
            own.remove(&namespace.key());
        } else {
            let all = self.node.with_own(&quotas);
            own.insert(namespace.key(), (quotas, all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_the_nodes_and_null_is_no_limit() {
        let table = NamespaceQuotas::new(Quotas::default().with(Quota::Keys, 5));
        let shop: Namespace = "Shop".parse().unwrap();
        let own: OwnQuotas = serde_json::from_str(r#"{"objects": 7, "queues": null}"#).unwrap();
        table.set(&shop, own.clone());
        assert!(table.are_of(&shop, &own) && !table.are_of(&shop, &OwnQuotas::default()));
        let quotas = table.of("shop");
        let limits = [Quota::Objects, Quota::Queues, Quota::Keys].map(|quota| quotas.limit(quota));
        assert_eq!(limits, [7, Quotas::UNLIMITED, 5]);
        let usual = Quotas::default().limit(Quota::Objects);
        assert_eq!(table.of("other").limit(Quota::Objects), usual);
        table.set_all([(shop.clone(), OwnQuotas::default()), ("b".parse().unwrap(), own.clone())]);
        assert_eq!(table.of("shop").limit(Quota::Objects), usual);
        assert_eq!(table.of("b").limit(Quota::Objects), 7);
        table.set(&"B".parse().unwrap(), OwnQuotas::default());
        assert_eq!(table.of("b").limit(Quota::Objects), usual);
    }
}
