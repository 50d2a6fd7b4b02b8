//! Which functions and queues are told of changes of a bucket.

use jiff::Timestamp;
use lambent_service::{NewMessage, Notification, Scope, Told};
use lambent_types::occurrence::ObjectCause;
use lambent_types::{
    BucketName, ErrorCode, QualifiedFunction, QueueName, RequestId, account_number,
};
use s3s::dto::{
    Event, FilterRule, FilterRuleName, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, LambdaFunctionConfiguration,
    NotificationConfigurationFilter, PutBucketNotificationConfigurationInput,
    PutBucketNotificationConfigurationOutput, QueueConfiguration, S3KeyFilter,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use serde_json::json;

use super::caller::{Buckets, bucket};
use super::error;

/// Most configurations of a bucket; S3's.
const CONFIGURATIONS_MAX: usize = 100;

/// What an event of a configuration stands for. A form is written as a PUT is.
fn causes(event: &str) -> S3Result<Vec<ObjectCause>> {
    let unsupported = || {
        s3_error!(
            InvalidArgument,
            "A specified event is not supported for notifications: {event}; there are \
             s3:ObjectCreated:* and s3:ObjectRemoved:*, and what they stand for"
        )
    };
    let name = event.strip_prefix("s3:").ok_or_else(unsupported)?;
    let name = if name == "ObjectCreated:Post" { ObjectCause::Put.s3_name() } else { name };
    let fits = |cause: &ObjectCause| match name.strip_suffix('*') {
        Some(begins) => begins.ends_with(':') && cause.s3_name().starts_with(begins),
        None => cause.s3_name() == name,
    };
    let found: Vec<ObjectCause> = ObjectCause::ALL.into_iter().filter(fits).collect();
    if found.is_empty() { Err(unsupported()) } else { Ok(found) }
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

/// The queue of an ARN, which is of this account.
fn queue(arn: &str, account: &str) -> S3Result<QueueName> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let name: Option<QueueName> = match *parts.as_slice() {
        ["arn", _, "sqs", _, owner, name] if owner == account => name.parse().ok(),
        _ => None,
    };
    let name = name.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "The ARN could not be parsed, or is none of a queue of this account: give \
             arn:aws:sqs:REGION:{account}:NAME"
        )
    })?;
    if name.is_fifo() {
        return Err(s3_error!(
            InvalidArgument,
            "Unable to validate the following destination configurations: {arn}; S3 sends no \
             notifications to FIFO queues"
        ));
    }
    Ok(name)
}

/// What a configuration says, whatever is told.
struct Given {
    id: Option<String>,
    arn: String,
    events: Vec<Event>,
    filter: Option<NotificationConfigurationFilter>,
}

fn read(given: Given, told: Told, place: usize) -> S3Result<Notification> {
    let mut read = Notification {
        id: given.id.unwrap_or_else(|| format!("notification-{place}")),
        told,
        events: given.events.iter().map(|event| event.as_ref().to_owned()).collect(),
        changes: Vec::new(),
        causes: Vec::new(),
        prefix: String::new(),
        suffix: String::new(),
        arn: given.arn,
    };
    if read.events.is_empty() {
        return Err(s3_error!(MalformedXML, "A configuration names at least one event"));
    }
    for cause in
        read.events.iter().map(|event| causes(event)).collect::<S3Result<Vec<_>>>()?.concat()
    {
        if !read.causes.contains(&cause) {
            read.causes.push(cause);
        }
        if !read.changes.contains(&cause.change()) {
            read.changes.push(cause.change());
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

/// Tells each queue that it is going to be told of changes, as S3 does: so it is there, and takes
/// messages of who asks.
async fn send_tests(
    scope: &Scope,
    bucket: &BucketName,
    notifications: &[Notification],
) -> S3Result<()> {
    let request = RequestId::new().to_string();
    let test = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "Bucket": bucket,
        "RequestId": request,
        "HostId": request,
    });
    for notification in notifications {
        let Told::Queue(queue) = &notification.told else { continue };
        let body = test.to_string().into();
        let content_type = Some("application/json".into());
        let message = NewMessage { body, content_type, ..NewMessage::default() };
        let sent = scope.resource(queue).send(vec![message]).await;
        sent.map_err(|refused| not_validated(&refused))?;
    }
    Ok(())
}

/// The error if what is to be told is not there, or takes nothing.
fn not_validated(refused: &lambent_types::Error) -> S3Error {
    match refused.code() {
        ErrorCode::FunctionNotFound | ErrorCode::NotInvocable | ErrorCode::QueueNotFound => {
            S3Error::with_message(
                S3ErrorCode::InvalidArgument,
                format!(
                    "Unable to validate the following destination configurations: {}",
                    refused.detail()
                ),
            )
        }
        _ => error::of(refused),
    }
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<PutBucketNotificationConfigurationOutput>> {
    let given = request.input.notification_configuration;
    if given.topic_configurations.is_some_and(|topics| !topics.is_empty())
        || given.event_bridge_configuration.is_some()
    {
        return Err(error::not_served("notifications of buckets to topics and event buses"));
    }
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    handle.describe().await.map_err(|error| error::of(&error))?;
    let account = account_number(scope.namespace());
    let functions = given.lambda_function_configurations.unwrap_or_default();
    let queues = given.queue_configurations.unwrap_or_default();
    if functions.len() + queues.len() > CONFIGURATIONS_MAX {
        return Err(s3_error!(
            InvalidArgument,
            "A bucket has at most {CONFIGURATIONS_MAX} configurations"
        ));
    }
    let functions = functions.into_iter().map(|given| {
        let told = function(&given.lambda_function_arn, &account).map(Told::Function);
        let LambdaFunctionConfiguration { id, events, filter, lambda_function_arn: arn } = given;
        (told, Given { id, arn, events, filter })
    });
    let queues = queues.into_iter().map(|given| {
        let told = queue(&given.queue_arn, &account).map(Told::Queue);
        let QueueConfiguration { id, events, filter, queue_arn: arn } = given;
        (told, Given { id, arn, events, filter })
    });
    let read = (1..).zip(functions.chain(queues));
    let read = read.map(|(place, (told, given))| self::read(given, told?, place));
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
    if request.input.skip_destination_validation != Some(true) {
        send_tests(&scope, handle.name(), &read).await?;
    }
    let put = scope.put_notifications(handle.name(), &read).await;
    put.map_err(|refused| not_validated(&refused))?;
    Ok(S3Response::new(PutBucketNotificationConfigurationOutput::default()))
}

/// The filter of a configuration, as it was given.
fn filter(notification: &Notification) -> Option<NotificationConfigurationFilter> {
    let rule = |name: &'static str, value: &str| {
        (!value.is_empty()).then(|| FilterRule {
            name: Some(FilterRuleName::from_static(name)),
            value: Some(value.to_owned()),
        })
    };
    let rules = [
        rule(FilterRuleName::PREFIX, &notification.prefix),
        rule(FilterRuleName::SUFFIX, &notification.suffix),
    ];
    let rules: Vec<FilterRule> = rules.into_iter().flatten().collect();
    (!rules.is_empty()).then_some(NotificationConfigurationFilter {
        key: Some(S3KeyFilter { filter_rules: Some(rules) }),
    })
}

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
    let scope = buckets.scope().await?;
    let handle = bucket(&scope, &request.input.bucket)?;
    let found = scope.notifications(handle.name()).await.map_err(|error| error::of(&error))?;
    let (mut functions, mut queues) = (Vec::new(), Vec::new());
    for notification in found {
        let (filter, id) = (filter(&notification), Some(notification.id));
        let events = notification.events.into_iter().map(Event::from).collect();
        let arn = notification.arn;
        match notification.told {
            Told::Function(_) => functions.push(LambdaFunctionConfiguration {
                events,
                filter,
                id,
                lambda_function_arn: arn,
            }),
            Told::Queue(_) => {
                queues.push(QueueConfiguration { events, filter, id, queue_arn: arn });
            }
        }
    }
    let output = GetBucketNotificationConfigurationOutput {
        lambda_function_configurations: (!functions.is_empty()).then_some(functions),
        queue_configurations: (!queues.is_empty()).then_some(queues),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_functions_are_read() {
        assert_eq!(causes("s3:ObjectCreated:*").unwrap().len(), 3);
        assert_eq!(causes("s3:ObjectCreated:Post").unwrap(), [ObjectCause::Put]);
        assert_eq!(causes("s3:ObjectRemoved:Delete").unwrap(), [ObjectCause::Delete]);
        let bad = [
            "s3:ObjectCreated",
            "s3:ObjectTagging:Put",
            "ObjectCreated:*",
            "",
            "s3:*",
            "s3:Object*",
        ];
        for bad in bad {
            assert!(causes(bad).is_err(), "{bad}");
        }
        let arn = "arn:aws:lambda:eu-west-1:000000000000:function:thumbs";
        assert_eq!(function(arn, "000000000000").unwrap().to_string(), "thumbs");
        assert_eq!(
            function(&format!("{arn}:live"), "000000000000").unwrap().to_string(),
            "thumbs:live"
        );
        assert!(function(arn, "000000000001").is_err());
        assert!(function("arn:aws:sqs:eu-west-1:000000000000:q", "000000000000").is_err());
        let account = "000000000000";
        assert_eq!(queue("arn:aws:sqs:eu-west-1:000000000000:q", account).unwrap().as_str(), "q");
        for bad in
            [arn, "arn:aws:sqs:eu-west-1:000000000000:q.fifo", "arn:aws:sqs:x:000000000001:q"]
        {
            assert!(queue(bad, account).is_err(), "{bad}");
        }
    }
}
