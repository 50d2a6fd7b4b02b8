//! Names, limits, configuration, events, outcomes and wire error codes.
//!
//! Validated plain data, shared by every crate and depending on none of them.
//! A value of one of these types is correct by construction: parsing happens
//! once, at the edge, and nothing below checks again.

pub mod occurrence;

mod account;
mod alias;
mod annotations;
pub mod aws_services;
mod clock;
mod code;
mod concurrency;
mod configuration;
mod cors;
mod delivery;
mod digest;
mod environment;
mod error;
mod error_chain;
mod error_code;
mod event;
mod function;
pub mod function_credentials;
mod grant;
mod grants;
mod handler;
mod host_pattern;
mod http_delivery;
mod identity_path;
mod invocation;
mod json_pointer;
mod layer;
mod limits;
mod lineage;
mod meter;
mod mounts;
mod name;
mod name_pattern;
mod object_version;
mod outcome;
mod parameter;
pub mod parameters_extension;
mod pattern;
mod pattern_parser;
mod pattern_rule;
mod pattern_steps;
mod pattern_text;
mod policy;
mod policy_document;
mod policy_resource;
mod precondition;
mod provisioned;
mod qualifier;
mod queue;
mod quota;
mod release;
mod role;
mod route_key;
mod runtime;
mod schedule;
mod site;
mod size;
mod specification;
mod sticky;
mod subscription;
mod subscription_filter;
mod table_source;
pub mod tags;
mod throttle;
mod topic;
mod topic_message;
mod transition;
mod trigger;
mod usage;
mod version_diff;
mod version_number;
mod volume;
mod weight;

pub use account::account_number;
pub use alias::{Alias, AliasName, AliasSettings, Aliases, Split};
pub use annotations::Annotations;
pub use aws_services::{AwsRoute, AwsServiceName, AwsServices, InvalidAwsServiceName};
pub use clock::{Clock, ManualClock, SystemClock};
pub use code::{AdaptedFrom, Code, Image, Package, Snapshot};
pub use concurrency::{Concurrency, ConcurrencyChange, ProvisionedFor};
pub use configuration::{Configuration, ConfigurationParameter, ConfigurationPatch};
pub use cors::Cors;
pub use delivery::{DeliveryPolicy, Destination};
pub use digest::{Digest, DigestWriter, InvalidDigest};
pub use environment::Environment;
pub use error::{Error, Problem};
pub use error_chain::error_chain;
pub use error_code::ErrorCode;
pub use event::{Event, Output, Retry};
pub use function::{Function, FunctionVersion};
pub use grant::{Grant, Granted, toml_key};
pub use grants::{Access, Grants};
pub use handler::{Handler, Incoming, Interface};
pub use host_pattern::{HostPattern, InvalidHostPattern, is_host_name};
pub use http_delivery::{Backoff, HttpDelivery};
pub use identity_path::{IdentityPath, InvalidIdentityPath};
pub use invocation::{
    BatchItems, InvocationRecord, ItemFailure, LogLine, LogStream, Logs, RequestId,
};
pub use layer::{Layer, LayerName, LayerReference, LayerVersion, Layers};
pub use limits::{Limits, bounds};
pub use lineage::{Lineage, Origin, Recursion, Root};
pub use meter::{Meter, Start};
pub use mounts::{Mount, Mounts};
pub use name::{
    BucketName, FunctionName, InvalidName, KeyspaceName, NAME_CHARS_MAX, Namespace, TableName,
};
pub use name_pattern::{InvalidNamePattern, NamePattern};
pub use object_version::{InvalidVersionId, InvalidVersioning, VersionId, Versioning};
pub use outcome::{Failure, Outcome};
pub use parameter::ParameterKind;
pub use pattern::Pattern;
pub use pattern_parser::InvalidPattern;
pub use pattern_steps::TooCostly;
pub use policy::{InvalidPolicyReference, Policy, PolicyName, PolicyReference, PolicyVersion};
pub use policy_document::{InvalidPolicyDocument, PolicyDocument};
pub use precondition::{EntityTag, EntityTags, InvalidEntityTags, Precondition, Unmet, Validators};
pub use provisioned::Provisioned;
pub use qualifier::{InvalidQualifiedFunction, InvalidQualifier, QualifiedFunction, Qualifier};
pub use queue::{QueueAttributes, QueueName, Redrive};
pub use quota::{Holding, OwnQuotas, Quota};
pub use release::{
    Bound, BoundValue, Bounds, Increase, InvalidBound, Progress, Release, ReleasePlan,
    ReleaseState, ReleaseStatistics, Step, VersionStatistics,
};
pub use role::{Role, RoleName};
pub use route_key::{InvalidRouteKey, RouteKey, Segment, normalized};
pub use runtime::{InvalidRuntimeName, Runtime, RuntimeName, RuntimeUpdates, RuntimeVersion};
pub use schedule::{CatchUp, Schedule, ScheduleExpression, ScheduleName, Times};
pub use site::{RouteTarget, Site, SiteName};
pub use size::{
    InvalidSize, format_bytes, format_count, format_duration, parse_bytes, parse_duration,
};
pub use specification::{ResourceKind, Specification};
pub use sticky::{InvalidSticky, Sticky};
pub use subscription::{Confirmation, Subscriber, Subscription, SubscriptionName};
pub use subscription_filter::{FilterScope, SubscriptionFilter};
pub use table_source::{
    CHANGES_AGE_MS, CHANGES_ATTEMPTS_MAX, CHANGES_CONCURRENCY_MAX, CHANGES_DEFAULT, CHANGES_MAX,
    StreamStart, TableSource,
};
pub use throttle::ThrottleReason;
pub use topic::{Topic, TopicName};
pub use topic_message::{NewTopicMessage, TopicAttribute, TopicMessage};
pub use transition::{ReleaseRefused, Transition};
pub use trigger::{
    BATCH_SIZE_DEFAULT, CONCURRENCY_DEFAULT, ObjectChange, QueueTarget, Source, SourceResource,
    Trigger, TriggerName,
};
pub use usage::{UsageRecord, Used};
pub use version_diff::{
    CodeDiff, CodeFacts, MemberDiff, NamesDiff, VariableChange, VariableDiff, VersionDiff,
};
pub use version_number::{Revision, VersionNumber};
pub use volume::{Volume, VolumeName, VolumeSettings};
pub use weight::{InvalidWeight, Weight};
