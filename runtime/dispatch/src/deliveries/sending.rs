use std::collections::BTreeMap;
use std::time::Duration;

use lambent_storage::{Delivery, NewMessage, QueueError, Settlement};
use lambent_types::{Namespace, QueueTarget, RequestId, Retry};

use crate::deliveries::Deliveries;
use crate::deliveries::attempt::Target;
use crate::deliveries::destination::DestinationMessage;
use crate::deliveries::handled::{Handled, age, failure, too_costly};
use crate::deliveries::policy;
use crate::lambda;

impl Deliveries {
    /// Attempts to make one event a message of a queue; what is to become of it. What the message
    /// leads to descends from what led to the event, so that what goes in a circle is found out by
    /// the functions in it.
    pub(super) async fn attempt_send(
        &self,
        target: &Target,
        to: &QueueTarget,
        delivery: Delivery,
    ) -> Settlement {
        let age = age(self.clock.now(), delivery.appended);
        let handled = match self.matches(&target.namespace, &target.patterns, &delivery.event).await
        {
            Ok(false) => return Settlement::Done,
            Ok(true) => self.send(target, to, &delivery).await,
            Err(error) => too_costly(error),
        };
        self.note(target, &handled, RequestId::new());
        let policy = target.policy.clone().unwrap_or_default();
        let too_old = age >= Duration::from_millis(policy.age_max_ms);
        match handled {
            Handled::Ok(_) => Settlement::Done,
            Handled::NotStarted => Settlement::Release(self.after(policy::room(age))),
            Handled::Failed(_) if delivery.event.attempt < policy.attempts_max && !too_old => {
                let pause = policy::backoff(&policy, delivery.event.attempt, Retry::Policy);
                Settlement::Retry(self.after(pause))
            }
            Handled::Failed(failure) | Handled::Permanent(_, failure) => {
                let (namespace, channel) = (&target.namespace, &target.channel);
                let event = &delivery.event.id;
                let why = failure.message;
                tracing::error!(%namespace, %channel, queue = %to.queue, event, why, "an event is given up");
                Settlement::Done
            }
        }
    }

    async fn send(&self, target: &Target, to: &QueueTarget, delivery: &Delivery) -> Handled {
        let Some(message) = message(&target.namespace, to, (target, delivery)) else {
            let failure = failure("Lambent.NoNotification", "S3 has no such notification".into());
            return Handled::Permanent(crate::deliveries::record::Cause::Rejected, failure);
        };
        let (namespace, queues) = (&target.namespace, &self.stores.queues);
        match queues.send(namespace, &to.queue, vec![message], &delivery.origin).await {
            Ok(_) => Handled::Ok(lambent_types::Output::default()),
            Err(QueueError::Storage(error)) => {
                tracing::error!(%error, cause = error.cause(), "cannot send an event on; trying again");
                Handled::NotStarted
            }
            Err(error) => Handled::Failed(failure("Lambent.NotSent", error.to_string())),
        }
    }
}

/// The message that an event becomes; `None` if it is to be a notification of S3's, and S3 has none
/// for it.
fn message(
    namespace: &Namespace,
    to: &QueueTarget,
    (target, delivery): (&Target, &Delivery),
) -> Option<NewMessage> {
    let event = &delivery.event;
    let Some(configuration) = &to.s3_configuration else {
        let message = DestinationMessage {
            event: event.clone(),
            from: target.channel.to_string(),
            since: delivery.appended,
            attributes: BTreeMap::new(),
            dead: None,
        };
        return Some(message.for_queue(&to.queue));
    };
    Some(NewMessage {
        body: lambda::s3_notification(namespace, event, configuration)?.into(),
        content_type: Some("application/json".into()),
        ..NewMessage::default()
    })
}
