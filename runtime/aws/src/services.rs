//! The services of AWS's that are served.

use crate::operation::Status;
use crate::{dynamodb, iam, lambda, logs, s3, scheduler, secretsmanager, sns, sqs, ssm, sts};

/// Every operation of every service that is served, with its service: for documentation and tests.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str, Status)> {
    let services = [
        (dynamodb::NAME, dynamodb::OPERATIONS),
        (dynamodb::streams::NAME, dynamodb::streams::OPERATIONS),
        (iam::NAME, iam::OPERATIONS),
        (lambda::NAME, lambda::OPERATIONS),
        (logs::NAME, logs::OPERATIONS),
        (scheduler::NAME, scheduler::OPERATIONS),
        (s3::NAME, s3::OPERATIONS),
        (secretsmanager::NAME, secretsmanager::OPERATIONS),
        (sns::NAME, sns::OPERATIONS),
        (sqs::NAME, sqs::OPERATIONS),
        (ssm::NAME, ssm::OPERATIONS),
        (sts::NAME, sts::OPERATIONS),
    ];
    services.into_iter().flat_map(|(service, operations)| {
        operations.iter().map(move |operation| (service, operation.name, operation.status))
    })
}
