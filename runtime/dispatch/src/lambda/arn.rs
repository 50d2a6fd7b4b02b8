//! The names of resources in events.

use lambent_types::{Namespace, QualifiedFunction, TableName, account_number};

/// The region that they are told to be in; AWS's tools take it where none is configured.
pub(crate) const REGION: &str = "us-east-1";

/// The ARN of a stream of a table.
pub(crate) fn stream_arn(namespace: &Namespace, table: &TableName, label: &str) -> String {
    arn(&account_number(namespace), "dynamodb", &format!("table/{table}/stream/{label}"))
}

/// The ARN of a function, with its qualifier if it has one.
pub(crate) fn function_arn(namespace: &Namespace, function: &QualifiedFunction) -> String {
    arn(&account_number(namespace), "lambda", &format!("function:{function}"))
}

/// The ARN of what is in an account.
pub(super) fn arn(account: &str, service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{account}:{resource}")
}
