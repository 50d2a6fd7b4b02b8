//! Every operation of SNS's API, in the order of AWS's model.

use super::{
    XML_NAMESPACE, batch, permissions, publish, subscription_attributes, subscriptions, tags,
    topic_attributes, topics,
};
use crate::operation::Operation;
use crate::query;

macro_rules! operation {
    ($name:literal, $function:path) => {
        operation!($name, served, $function)
    };
    ($name:literal, $how:ident, $function:path) => {
        query::operation!(XML_NAMESPACE, $name, $how, $function)
    };
}

pub(crate) static OPERATIONS: &[Operation] = &[
    operation!("AddPermission", stored, permissions::add),
    Operation::named("CheckIfPhoneNumberIsOptedOut"),
    operation!("ConfirmSubscription", subscriptions::confirm),
    Operation::named("CreatePlatformApplication"),
    Operation::named("CreatePlatformEndpoint"),
    Operation::named("CreateSMSSandboxPhoneNumber"),
    operation!("CreateTopic", topics::create),
    Operation::named("DeleteEndpoint"),
    Operation::named("DeletePlatformApplication"),
    Operation::named("DeleteSMSSandboxPhoneNumber"),
    operation!("DeleteTopic", topics::delete),
    Operation::named("GetDataProtectionPolicy"),
    Operation::named("GetEndpointAttributes"),
    Operation::named("GetPlatformApplicationAttributes"),
    Operation::named("GetSMSAttributes"),
    Operation::named("GetSMSSandboxAccountStatus"),
    operation!("GetSubscriptionAttributes", subscription_attributes::get),
    operation!("GetTopicAttributes", topic_attributes::get),
    Operation::named("ListEndpointsByPlatformApplication"),
    Operation::named("ListOriginationNumbers"),
    Operation::named("ListPhoneNumbersOptedOut"),
    Operation::named("ListPlatformApplications"),
    Operation::named("ListSMSSandboxPhoneNumbers"),
    operation!("ListSubscriptions", subscriptions::list),
    operation!("ListSubscriptionsByTopic", subscriptions::list_by_topic),
    operation!("ListTagsForResource", tags::list),
    operation!("ListTopics", topics::list),
    Operation::named("OptInPhoneNumber"),
    operation!("Publish", publish::one),
    operation!("PublishBatch", batch::publish),
    Operation::named("PutDataProtectionPolicy"),
    operation!("RemovePermission", stored, permissions::remove),
    Operation::named("SetEndpointAttributes"),
    Operation::named("SetPlatformApplicationAttributes"),
    Operation::named("SetSMSAttributes"),
    operation!("SetSubscriptionAttributes", subscription_attributes::set),
    operation!("SetTopicAttributes", topic_attributes::set),
    operation!("Subscribe", subscriptions::subscribe),
    operation!("TagResource", tags::tag),
    operation!("Unsubscribe", subscriptions::unsubscribe),
    operation!("UntagResource", tags::untag),
    Operation::named("VerifySMSSandboxPhoneNumber"),
];
