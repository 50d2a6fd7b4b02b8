//! The names of resources in events.

/// The region that they are told to be in; AWS's tools take it where none is configured.
pub(super) const REGION: &str = "us-east-1";

/// The ARN of what is in an account.
pub(super) fn arn(account: &str, service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{account}:{resource}")
}
