//! The operations of DynamoDB's API, in the order of AWS's model.

use super::{
    backups, batch, continuous_backups, items, limits, partiql, query, restore, scan, tables, tags,
    time_to_live, transact, update_item, update_table, wire,
};
use crate::operation::Operation;

/// An operation, which reads and writes JSON.
macro_rules! operation {
    ($name:literal, $function:path) => {
        Operation::named($name).served(|call| {
            Box::pin(async move {
                let wanted = wire::input(call)?;
                let result = $function(call, wanted).await?;
                wire::output(&result)
            })
        })
    };
    ($name:literal) => {
        Operation::named($name)
    };
}

pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("BatchExecuteStatement", partiql::batch),
    operation!("BatchGetItem", batch::get),
    operation!("BatchWriteItem", batch::write),
    operation!("CancelBulkOperation"),
    operation!("CreateBackup", backups::create),
    operation!("CreateGlobalTable"),
    operation!("CreateTable", tables::create),
    operation!("DeleteBackup", backups::delete),
    operation!("DeleteItem", items::delete),
    operation!("DeleteResourcePolicy"),
    operation!("DeleteTable", tables::delete),
    operation!("DescribeBackup", backups::describe),
    operation!("DescribeBulkOperation"),
    operation!("DescribeContinuousBackups", continuous_backups::describe),
    operation!("DescribeContributorInsights"),
    operation!("DescribeEndpoints", limits::endpoints),
    operation!("DescribeExport"),
    operation!("DescribeGlobalTable"),
    operation!("DescribeGlobalTableSettings"),
    operation!("DescribeImport"),
    operation!("DescribeKinesisStreamingDestination"),
    operation!("DescribeLimits", limits::describe),
    operation!("DescribeTable", tables::describe),
    operation!("DescribeTableReplicaAutoScaling"),
    operation!("DescribeTimeToLive", time_to_live::describe),
    operation!("DisableKinesisStreamingDestination"),
    operation!("EnableKinesisStreamingDestination"),
    operation!("ExecuteStatement", partiql::execute),
    operation!("ExecuteTransaction", partiql::transaction),
    operation!("ExportTableToPointInTime"),
    operation!("GetItem", items::get),
    operation!("GetResourcePolicy"),
    operation!("ImportTable"),
    operation!("ListBackups", backups::list),
    operation!("ListBulkOperations"),
    operation!("ListContributorInsights"),
    operation!("ListExports"),
    operation!("ListGlobalTables"),
    operation!("ListImports"),
    operation!("ListTables", tables::list),
    operation!("ListTagsOfResource", tags::list),
    operation!("PutItem", items::put),
    operation!("PutResourcePolicy"),
    operation!("Query", query::query),
    operation!("RestoreTableFromBackup", restore::restore),
    operation!("RestoreTableToPointInTime", continuous_backups::restore),
    operation!("Scan", scan::scan),
    operation!("SearchVectors"),
    operation!("StartBulkPutItems"),
    operation!("TagResource", tags::tag),
    operation!("TransactGetItems", transact::get),
    operation!("TransactWriteItems", transact::write),
    operation!("UntagResource", tags::untag),
    operation!("UpdateContinuousBackups", continuous_backups::update),
    operation!("UpdateContributorInsights"),
    operation!("UpdateGlobalTable"),
    operation!("UpdateGlobalTableSettings"),
    operation!("UpdateItem", update_item::update),
    operation!("UpdateKinesisStreamingDestination"),
    operation!("UpdateTable", update_table::update),
    operation!("UpdateTableReplicaAutoScaling"),
    operation!("UpdateTimeToLive", time_to_live::update),
];
