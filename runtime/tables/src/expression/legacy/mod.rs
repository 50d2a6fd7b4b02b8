//! The parameters that came before expressions, as the same conditions and updates: `Expected`, `QueryFilter`,
//! `ScanFilter`, `KeyConditions` and `AttributeUpdates`.

mod condition;
mod update;

pub use condition::{ConditionalOperator, LegacyCondition};
pub use update::AttributeUpdate;
