//! Conditions of requests.

use lambent_service::Condition;
use lambent_types::{EntityTag, EntityTags, Precondition, Unmet};
use s3s::dto::{ETag, ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::time;

fn tags(condition: Option<&ETagCondition>) -> Option<EntityTags> {
    Some(match condition? {
        ETagCondition::Any => EntityTags::Any,
        ETagCondition::ETag(ETag::Strong(opaque)) => of(false, opaque),
        ETagCondition::ETag(ETag::Weak(opaque)) => of(true, opaque),
    })
}

fn of(weak: bool, opaque: &str) -> EntityTags {
    EntityTags::Of(vec![EntityTag { weak, opaque: opaque.to_owned() }])
}

/// What the header fields of a request say.
pub(super) fn precondition(
    (if_match, if_none_match): (Option<&ETagCondition>, Option<&ETagCondition>),
    (modified, unmodified): (Option<&Timestamp>, Option<&Timestamp>),
) -> Precondition {
    Precondition {
        if_match: tags(if_match),
        if_none_match: tags(if_none_match),
        if_modified_since: modified.and_then(time::read),
        if_unmodified_since: unmodified.and_then(time::read),
    }
}

/// What must hold for a change.
pub(super) fn condition(precondition: Precondition) -> Condition {
    if precondition.is_empty() { Condition::None } else { Condition::When(precondition) }
}

/// What must hold of the object that a write replaces.
pub(super) fn of_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    if if_none_match.is_some_and(|given| !given.is_any()) {
        return Err(s3_error!(
            NotImplemented,
            "A header you provided implies functionality that is not implemented: If-None-Match \
                 of a write must be *"
        ));
    }
    Ok(condition(precondition((if_match, if_none_match), (None, None))))
}

/// The answer where a condition of a request that reads does not hold.
pub(super) fn unmet(unmet: Unmet) -> S3Error {
    match unmet {
        Unmet::Known => S3Error::new(S3ErrorCode::NotModified),
        Unmet::Changed => s3_error!(
            PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold"
        ),
    }
}
