//! Every operation of Secrets Manager, in the order of AWS's model.

use super::{deletion, description, listing, password, policies, rotation, secrets, tags, values};
use crate::json_1_1;
use crate::operation::Operation;

/// An operation, with how it is read and written.
macro_rules! operation {
    ($name:literal, $function:path) => {
        operation!($name, served, $function)
    };
    ($name:literal, $status:ident, $function:path) => {
        Operation::named($name).$status(|call| {
            Box::pin(async move {
                let result = $function(call, json_1_1::secret_input(call)?).await?;
                Ok(json_1_1::output(&result))
            })
        })
    };
}

pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::named("AssociateCrossAccountReplica"),
    operation!("BatchGetSecretValue", values::batch),
    operation!("CancelRotateSecret", rotation::cancel),
    operation!("CreateSecret", secrets::create),
    operation!("DeleteResourcePolicy", stored, policies::delete),
    operation!("DeleteSecret", deletion::delete),
    operation!("DescribeSecret", description::describe),
    Operation::named("DisassociateCrossAccountReplica"),
    operation!("GetRandomPassword", password::get),
    operation!("GetResourcePolicy", stored, policies::get),
    operation!("GetSecretValue", values::get),
    Operation::named("ListResourcePolicies"),
    operation!("ListSecretVersionIds", description::versions),
    operation!("ListSecrets", listing::list),
    operation!("PutResourcePolicy", stored, policies::put),
    operation!("PutSecretValue", values::put),
    Operation::named("RemoveRegionsFromReplication"),
    Operation::named("ReplicateSecretToRegions"),
    operation!("RestoreSecret", deletion::restore),
    operation!("RotateSecret", rotation::rotate),
    Operation::named("StopReplicationToReplica"),
    operation!("TagResource", tags::tag),
    operation!("UntagResource", tags::untag),
    operation!("UpdateSecret", secrets::update),
    operation!("UpdateSecretVersionStage", values::move_stage),
    Operation::named("ValidateResourcePolicy"),
];
