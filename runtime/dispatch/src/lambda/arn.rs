//! The names of resources in events.

/// The region that they are told to be in; AWS's tools take it where none is configured.
pub(super) const REGION: &str = "us-east-1";
/// The account that they are told to belong to; a node has none.
pub(super) const ACCOUNT: &str = "000000000000";

pub(super) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
