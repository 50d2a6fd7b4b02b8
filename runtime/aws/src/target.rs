//! Which service and operation of AWS's a request is for.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};

use crate::credential;
use crate::protocol::{self, Protocol};
use crate::{dynamodb, iam, lambda, logs, s3, scheduler, secretsmanager, sns, sqs, ssm, sts};

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";
/// Services of AWS's that speak XML and are told by method and path, by what their requests are
/// signed for.
const REST_XML: [&str; 3] = ["cloudfront", "route53", "s3-control"];

/// The service that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    DynamoDbStreams,
    Iam,
    Lambda,
    Logs,
    Scheduler,
    SecretsManager,
    Sns,
    Sqs,
    Ssm,
    S3,
    Sts,
    /// One of AWS's that a node does not serve, by its name.
    Other(String),
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) service: Service,
    pub(crate) protocol: Protocol,
    /// The operation, if it is said in the headers.
    pub(crate) operation: Option<String>,
}

impl Target {
    /// Whether a request is for one of AWS's services, rather than for something of the node's own.
    pub(crate) fn is_aws(uri: &Uri, headers: &HeaderMap) -> bool {
        headers.contains_key(protocol::TARGET)
            || is_signed(headers)
            || credential::is_presigned(uri)
            || lambda::is_path(uri.path())
            || (sqs::is_queue_path(uri.path()) && is_query(uri, headers))
            || sns::is_public(uri)
            || s3::is_signed((uri, headers))
            || s3::is_unsigned(headers)
    }

    /// Whether a request is signed for S3, so that its host and its path are of buckets.
    pub(crate) fn is_s3(uri: &Uri, headers: &HeaderMap) -> bool {
        s3::is_signed((uri, headers))
    }

    pub(crate) fn of(head: &Parts) -> Self {
        let signed = credential::service((&head.uri, &head.headers));
        let media_type = media_type(&head.headers);
        // What is signed for S3, whose hosts are buckets, is for no other service.
        let target = head.headers.get(protocol::TARGET).filter(|_| signed.as_deref() != Some("s3"));
        if let Some(target) = target.and_then(|value| value.to_str().ok()) {
            let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
            let version = if media_type.as_deref() == Some(JSON_1_0) { JSON_1_0 } else { JSON_1_1 };
            let service = match prefix {
                dynamodb::TARGET_PREFIX => Service::DynamoDb,
                dynamodb::streams::TARGET_PREFIX => Service::DynamoDbStreams,
                logs::TARGET_PREFIX => Service::Logs,
                secretsmanager::TARGET_PREFIX => Service::SecretsManager,
                sqs::TARGET_PREFIX => Service::Sqs,
                ssm::TARGET_PREFIX => Service::Ssm,
                _ => Service::Other(signed.unwrap_or_else(|| shortened(prefix))),
            };
            return Self {
                service,
                protocol: Protocol::Json(version),
                operation: Some(shortened(operation)),
            };
        }
        let (service, protocol) = match signed.as_deref() {
            Some(scheduler::SIGNED_FOR) => (Service::Scheduler, Protocol::RestJson),
            Some(iam::SIGNED_FOR) => (Service::Iam, Protocol::Query),
            Some(sns::SIGNED_FOR) => (Service::Sns, Protocol::Query),
            Some("sqs") => (Service::Sqs, Protocol::Query),
            Some("sts") => (Service::Sts, Protocol::Query),
            Some("ec2") => (Service::Other("ec2".into()), Protocol::Ec2),
            Some("s3") => (Service::S3, Protocol::RestXml),
            Some("lambda") => (Service::Lambda, Protocol::RestJson),
            None if lambda::is_path(head.uri.path()) => (Service::Lambda, Protocol::RestJson),
            None if sqs::is_queue_path(head.uri.path()) => (Service::Sqs, Protocol::Query),
            None if s3::is_signed((&head.uri, &head.headers)) || s3::is_unsigned(&head.headers) => {
                (Service::S3, Protocol::RestXml)
            }
            Some(name) if REST_XML.contains(&name) => {
                (Service::Other(name.into()), Protocol::RestXml)
            }
            other => {
                let name = other.map_or_else(|| "this service".to_owned(), shortened);
                let form = media_type.as_deref() == Some(FORM);
                let protocol = if form { Protocol::Query } else { Protocol::RestJson };
                (Service::Other(name), protocol)
            }
        };
        Self { service, protocol, operation: None }
    }

    /// The name of the service, for people.
    pub(crate) fn service_name(&self) -> &str {
        match &self.service {
            Service::DynamoDb => dynamodb::NAME,
            Service::DynamoDbStreams => dynamodb::streams::NAME,
            Service::Iam => iam::NAME,
            Service::Lambda => lambda::NAME,
            Service::Logs => logs::NAME,
            Service::Scheduler => scheduler::NAME,
            Service::SecretsManager => secretsmanager::NAME,
            Service::Sns => sns::NAME,
            Service::Sqs => sqs::NAME,
            Service::Ssm => ssm::NAME,
            Service::S3 => s3::NAME,
            Service::Sts => sts::NAME,
            Service::Other(name) => name,
        }
    }
}

/// Whether a request carries a signature in its headers.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    let signed = |value: &HeaderValue| value.as_bytes().starts_with(b"AWS4-");
    headers.get_all(AUTHORIZATION).iter().any(signed)
}

/// Whether a request has the form of AWS's query protocol: a form, or a query that names an action.
fn is_query(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    media_type(headers).as_deref() == Some(FORM)
        || parameters.any(|parameter| parameter.starts_with("Action="))
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    Some(essence.to_ascii_lowercase())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
