//! Which functions are told of changes of a bucket.

use lambent_service::Notification;
use lambent_types::{ErrorCode, ObjectChange, QualifiedFunction, account_number};
use s3s::dto::{
    Event, FilterRule, FilterRuleName, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, LambdaFunctionConfiguration,
    NotificationConfigurationFilter, PutBucketNotificationConfigurationInput,
    PutBucketNotificationConfigurationOutput, S3KeyFilter,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::error;

const CREATED: &str = "s3:ObjectCreated:";
const REMOVED: &str = "s3:ObjectRemoved:";
/// The kinds of each that S3 tells apart, and a node does not.
const KINDS: [&str; 6] = ["*", "Put", "Post", "Copy", "CompleteMultipartUpload", "Delete"];
/// Most configurations of a bucket; S3's.
const CONFIGURATIONS_MAX: usize = 100;

fn change(event: &str) -> S3Result<ObjectChange> {
    let found = [(CREATED, ObjectChange::Created), (REMOVED, ObjectChange::Deleted)];
    let found = found
        .into_iter()
        .find(|(begins, _)| event.strip_prefix(begins).is_some_and(|kind| KINDS.contains(&kind)));
    found.map(|(_, change)| change).ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "A specified event is not supported for notifications: {event}; there are {CREATED}* \
             and {REMOVED}*"
        )
    })
}

/// The function of an ARN, which is of this account.
fn function(arn: &str, account: &str) -> S3Result<QualifiedFunction> {
    // What follows the word is a name, and perhaps a qualifier.
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let name = match *parts.as_slice() {
        ["arn", _, "lambda", _, owner, "function", name] if owner == account => name.parse().ok(),
        _ => None,
    };
    name.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "The ARN could not be parsed, or is none of a function of this account: give \
         arn:aws:lambda:REGION:{account}:function:NAME"
        )
    })
}

fn read(given: LambdaFunctionConfiguration, account: &str, place: usize) -> S3Result<Notification> {
    let mut read = Notification {
        id: given.id.unwrap_or_else(|| format!("notification-{place}")),
        function: function(&given.lambda_function_arn, account)?,
        events: given.events.iter().map(|event| event.as_ref().to_owned()).collect(),
        changes: Vec::new(),
        prefix: String::new(),
        suffix: String::new(),
        arn: given.lambda_function_arn,
    };
    if read.events.is_empty() {
        return Err(s3_error!(MalformedXML, "A configuration names at least one event"));
    }
    for event in &read.events {
        let change = change(event)?;
        if !read.changes.contains(&change) {
            read.changes.push(change);
        }
    }
    let rules = given.filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules);
    for FilterRule { name, value } in rules.unwrap_or_default() {
        let name = name.map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        match name.as_str() {
            FilterRuleName::PREFIX => read.prefix = value.unwrap_or_default(),
            FilterRuleName::SUFFIX => read.suffix = value.unwrap_or_default(),
            _ => {
                return Err(s3_error!(
                    InvalidArgument,
                    "filter rule name must be either prefix or suffix"
                ));
            }
        }
    }
    Ok(read)
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<PutBucketNotificationConfigurationOutput>> {
    let given = request.input.notification_configuration;
    let others = |list: Option<usize>| list.is_some_and(|count| count > 0);
    if others(given.queue_configurations.as_ref().map(Vec::len)) {
        return Err(error::not_served(
            "notifications of buckets to queues; have a function told, and send from there",
        ));
    }
    if others(given.topic_configurations.as_ref().map(Vec::len))
        || given.event_bridge_configuration.is_some()
    {
        return Err(error::not_served("notifications of buckets to topics and event buses"));
    }
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    handle.describe().await.map_err(|error| error::of(&error))?;
    let account = account_number(scope.namespace());
    let functions = given.lambda_function_configurations.unwrap_or_default();
    if functions.len() > CONFIGURATIONS_MAX {
        return Err(s3_error!(
            InvalidArgument,
            "A bucket has at most {CONFIGURATIONS_MAX} configurations"
        ));
    }
    let read = (1..).zip(functions).map(|(place, given)| read(given, &account, place));
    let read = read.collect::<S3Result<Vec<_>>>()?;
    let twice = read
        .iter()
        .enumerate()
        .any(|(place, one)| read[..place].iter().any(|other| other.id == one.id));
    if twice {
        return Err(s3_error!(
            InvalidArgument,
            "Same ID used for multiple configurations. IDs must be unique"
        ));
    }
    let put = scope.put_notifications(handle.name(), &read).await;
    put.map_err(|refused| match refused.code() {
        ErrorCode::FunctionNotFound | ErrorCode::NotInvocable => S3Error::with_message(
            S3ErrorCode::InvalidArgument,
            format!(
                "Unable to validate the following destination configurations: {}",
                refused.detail()
            ),
        ),
        _ => error::of(&refused),
    })?;
    Ok(S3Response::new(PutBucketNotificationConfigurationOutput::default()))
}

fn shown(notification: Notification) -> LambdaFunctionConfiguration {
    let rule = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| FilterRule {
            name: Some(FilterRuleName::from_static(name)),
            value: Some(value),
        })
    };
    let rules = [
        rule(FilterRuleName::PREFIX, notification.prefix),
        rule(FilterRuleName::SUFFIX, notification.suffix),
    ];
    let rules: Vec<FilterRule> = rules.into_iter().flatten().collect();
    let filter = (!rules.is_empty()).then_some(NotificationConfigurationFilter {
        key: Some(S3KeyFilter { filter_rules: Some(rules) }),
    });
    LambdaFunctionConfiguration {
        events: notification.events.into_iter().map(Event::from).collect(),
        filter,
        id: Some(notification.id),
        lambda_function_arn: notification.arn,
    }
}

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    let found = scope.notifications(handle.name()).await.map_err(|error| error::of(&error))?;
    let configurations: Vec<_> = found.into_iter().map(shown).collect();
    let output = GetBucketNotificationConfigurationOutput {
        lambda_function_configurations: (!configurations.is_empty()).then_some(configurations),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_functions_are_read() {
        assert_eq!(change("s3:ObjectCreated:*").unwrap(), ObjectChange::Created);
        assert_eq!(change("s3:ObjectRemoved:Delete").unwrap(), ObjectChange::Deleted);
        for bad in ["s3:ObjectCreated", "s3:ObjectTagging:Put", "ObjectCreated:*", ""] {
            assert!(change(bad).is_err(), "{bad}");
        }
        let arn = "arn:aws:lambda:eu-west-1:000000000000:function:thumbs";
        assert_eq!(function(arn, "000000000000").unwrap().to_string(), "thumbs");
        assert_eq!(
            function(&format!("{arn}:live"), "000000000000").unwrap().to_string(),
            "thumbs:live"
        );
        assert!(function(arn, "000000000001").is_err());
        assert!(function("arn:aws:sqs:eu-west-1:000000000000:q", "000000000000").is_err());
    }
}
