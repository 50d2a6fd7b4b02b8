//! How much the items of a partition take, which tables with local indexes tell.

use std::collections::BTreeMap;

use lambent_service::{TableAction, TableWrite};
use lambent_tables::Item;
use lambent_types::TableName;
use serde::Serialize;

use crate::call::Call;

const GB: f64 = 1_000_000_000.0;

/// What is told of one partition.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ItemCollectionMetrics {
    item_collection_key: Item,
    #[serde(rename = "SizeEstimateRangeGB")]
    size_estimate_range_gb: [f64; 2],
}

/// The items that writes are of, if their partitions are asked for.
pub(super) struct Collections(BTreeMap<TableName, Vec<Item>>);

impl Collections {
    pub(super) fn of(wanted: Option<&str>, writes: &[TableWrite]) -> Self {
        let mut items = BTreeMap::<_, Vec<_>>::new();
        if wanted != Some("SIZE") {
            return Self(items);
        }
        for write in writes {
            match &write.action {
                TableAction::Put(item)
                | TableAction::Update(item, _)
                | TableAction::Delete(item) => {
                    items.entry(write.table.clone()).or_default().push(item.clone());
                }
                TableAction::Check(_) => {}
            }
        }
        Self(items)
    }

    /// The partitions of each table that has local indexes. No partition is larger than its table, whose bytes are known:
    /// that is the upper bound. A table that is gone by now tells nothing.
    pub(super) async fn metrics(
        self,
        call: &Call,
    ) -> Option<BTreeMap<String, Vec<ItemCollectionMetrics>>> {
        let mut all = BTreeMap::new();
        for (name, items) in self.0 {
            let Ok(table) = call.scope.resource(&name).describe().await else { continue };
            if table.definition.local_indexes.is_empty() {
                continue;
            }
            let hash = &table.definition.key.hash.name;
            let bytes = table.bytes + table.indexes.values().map(|index| index.bytes).sum::<u64>();
            let most = (bytes as f64 / GB).ceil().max(1.0);
            let mut keys: Vec<Item> = Vec::new();
            for item in items {
                let key: Item = item
                    .get_key_value(hash)
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .into_iter()
                    .collect();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let metrics = keys.into_iter().map(|key| ItemCollectionMetrics {
                item_collection_key: key,
                size_estimate_range_gb: [0.0, most],
            });
            all.insert(name.as_str().to_owned(), metrics.collect());
        }
        Some(all).filter(|all| !all.is_empty())
    }

    /// The partition of the only write.
    pub(super) async fn one(self, call: &Call) -> Option<ItemCollectionMetrics> {
        self.metrics(call).await?.into_values().flatten().next()
    }
}
