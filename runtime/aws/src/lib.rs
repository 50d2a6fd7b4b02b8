//! The APIs of AWS that a node serves, so that AWS's tools and SDKs work when they are pointed at it.
//!
//! A [`Door`] finds out which service and operation a request is for and who signed it, translates
//! what was asked for the service layer, and what comes back for the client. What is allowed, exists
//! and costs is decided by `lambent-service`, as it is for the native API.
//!
//! The models of botocore are what AWS's clients are made of, and so what the shapes, names and
//! limits here follow.

mod arn;
mod call;
mod credential;
mod door;
mod dynamodb;
mod fault;
mod iam;
mod identity;
mod json_1_1;
mod keys;
mod lambda;
mod logs;
mod memory;
mod operation;
mod own_function;
mod page_request;
mod parameters_extension;
mod protocol;
mod query;
mod report;
mod s3;
mod scheduler;
mod secretsmanager;
mod services;
mod signature;
mod signed_request;
mod sns;
mod sqs;
mod ssm;
mod sts;
mod tag_list;
mod target;
mod validation;

pub use door::{Door, Opened};
pub use keys::RootCredentials;
pub use operation::Status;
pub use own_function::is_for_node;
pub use parameters_extension::is_parameters_extension;
pub use services::operations;
pub use signed_request::Signer;
