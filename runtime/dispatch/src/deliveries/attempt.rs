use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Channel, Delivery, Settlement, StorageError};
use lambent_types::{
    DeliveryPolicy, Error, Event, FunctionName, Incoming, Namespace, Outcome, Pattern,
    QualifiedFunction, Qualifier, QueueTarget, RequestId, Retry, Subscription, TopicName,
};

use crate::callee::Callee;
use crate::caller::Caller;
use crate::deliveries::Deliveries;
use crate::deliveries::handled::{
    Handled, age, cause, failure, is_transient, refused, too_costly, unresolved,
};
use crate::deliveries::policy;
use crate::deliveries::record::{Cause, End, Place};
use crate::handler::choose_handler;
use crate::observe::Delivered;
use crate::recursion::Stopped;
use crate::resolve::DecidedBy;

/// Where deliveries of a channel go, and how.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) namespace: Namespace,
    pub(super) channel: Channel,
    pub(super) to: Goal,
    pub(super) patterns: Vec<Pattern>,
    /// The policy of the trigger or the schedule; else the function's.
    pub(super) policy: Option<DeliveryPolicy>,
}

/// What takes the events of a channel.
#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// A function, and what they are to it.
    Function(QualifiedFunction, Incoming),
    /// A queue.
    Queue(QueueTarget),
    /// The subscriptions of a topic.
    Subscriptions(TopicName),
    /// The URL of a subscription.
    Url(Box<Subscription>),
}

impl Deliveries {
    /// Attempts one delivery; what is to become of it.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        target: &Target,
        delivery: Delivery,
    ) -> Settlement {
        match &target.to {
            Goal::Function(function, incoming) => {
                self.attempt_call(target, (function, *incoming), delivery).await
            }
            Goal::Queue(queue) => self.attempt_send(target, queue, delivery).await,
            Goal::Subscriptions(topic) => self.attempt_fan_out(target, topic, &delivery).await,
            Goal::Url(subscription) => self.attempt_post(target, subscription, &delivery).await,
        }
    }

    async fn attempt_call(
        self: &Arc<Self>,
        target: &Target,
        (named, incoming): (&QualifiedFunction, Incoming),
        delivery: Delivery,
    ) -> Settlement {
        let Delivery { event, origin, appended, .. } = delivery;
        let age = age(self.clock.now(), appended);
        let observe = |what| {
            self.dispatcher.observe_delivered(&target.namespace, &named.name, what, age);
        };
        let wanted = self.matches(&target.namespace, &target.patterns, &event).await;
        if wanted == Ok(false) {
            observe(Delivered::Unwanted);
            return Settlement::Done;
        }
        let caller = Caller::node(origin);
        let (request, origin) = (caller.id, caller.origin.clone());
        let (namespace, name) = (&target.namespace, &named.name);
        let found = self.dispatcher.resolve(namespace, name, &named.qualifier).await;
        let found = found.map(|found| found.choose(DecidedBy::Event(&event)));
        let function = found.as_ref().ok().map(|callee| &*callee.function);
        let Ok(policy) = self.policy_of(target, name, &found).await else {
            observe(Delivered::Postponed);
            return Settlement::Release(self.after(policy::room(age)));
        };
        let too_old = age >= Duration::from_millis(policy.age_max_ms);
        let handled = match (wanted, &found) {
            (Err(error), _) => too_costly(error),
            // Tried at least once, so that there is a cause to tell.
            _ if too_old && event.attempt > 1 => expired(age),
            (_, Ok(callee)) => self.handle(callee, incoming, caller, event.clone()).await,
            (_, Err(error)) => unresolved(error),
        };
        self.note(target, &handled, request);
        let end = |cause, failure, output| End {
            cause,
            place: Place::Channel(&target.channel),
            since: appended,
            event: &event,
            request,
            function,
            attempts: event.attempt,
            failure,
            output,
        };
        let (what, sent) = match &handled {
            Handled::Ok(output) => {
                let end = end(Cause::Success, None, Some(output));
                let sent = self.send_on(namespace, name, &policy, &end, &origin).await;
                (Delivered::Succeeded, sent)
            }
            Handled::NotStarted if !too_old => {
                observe(Delivered::Postponed);
                return Settlement::Release(self.after(policy::room(age)));
            }
            Handled::Failed(failure)
                if failure.retry != Retry::Never
                    && event.attempt < policy.attempts_max
                    && !too_old =>
            {
                observe(Delivered::Retried);
                let pause = policy::backoff(&policy, event.attempt, failure.retry);
                return Settlement::Retry(self.after(pause));
            }
            handled => {
                let (cause, failure) = cause(handled, too_old);
                let end = end(cause, failure, None);
                warn_of(target, named, &end);
                let sent = self.send_on(namespace, name, &policy, &end, &origin).await;
                (Delivered::GivenUp, sent)
            }
        };
        self.settled(sent, || observe(what), age)
    }

    /// How often and for how long a delivery to `target` is tried, and where it goes in the end. An
    /// event whose version or alias was deleted goes by the head.
    ///
    /// # Errors
    /// The store failed: what the function says is not known, and must not be taken for nothing.
    async fn policy_of(
        &self,
        target: &Target,
        name: &FunctionName,
        found: &Result<Callee, Error>,
    ) -> Result<DeliveryPolicy, Error> {
        if let Some(policy) = &target.policy {
            return Ok(policy.clone());
        }
        let head = match found {
            Ok(callee) => return Ok(callee.function.configuration.delivery.clone()),
            Err(error) if is_transient(error) => return Err(error.clone()),
            Err(_) => self.dispatcher.resolve(&target.namespace, name, &Qualifier::Latest).await,
        };
        match head {
            Ok(head) => Ok(head.first.configuration.delivery.clone()),
            Err(error) if is_transient(&error) => Err(error),
            Err(_) => Ok(DeliveryPolicy::default()),
        }
    }

    /// Notes for the status of a trigger how an attempt to deliver to its function ended.
    pub(super) fn note(&self, target: &Target, handled: &Handled, request: RequestId) {
        if let Channel::Trigger(trigger) = &target.channel {
            self.statuses.note(&target.namespace, trigger, handled, request, self.clock.now());
        }
    }

    /// Done, unless what had to be sent on could not be.
    fn settled(
        &self,
        sent: Result<(), StorageError>,
        observe: impl FnOnce(),
        age: Duration,
    ) -> Settlement {
        match sent {
            Ok(()) => {
                observe();
                Settlement::Done
            }
            Err(error) => {
                tracing::error!(%error, cause = error.cause(), "cannot send an event on; trying again");
                Settlement::Release(self.after(policy::room(age)))
            }
        }
    }

    pub(super) fn after(&self, pause: Duration) -> jiff::Timestamp {
        self.clock.now().checked_add(pause).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Has a function handle an event, if it may and can.
    pub(super) async fn handle(
        &self,
        callee: &Callee,
        incoming: Incoming,
        mut caller: Caller,
        event: Event,
    ) -> Handled {
        let handler = match choose_handler(incoming, &callee.function) {
            Ok(handler) => handler,
            Err(error) => {
                let failure = failure("Lambent.NotInvocable", error.to_string());
                return Handled::Permanent(Cause::NotInvocable, failure);
            }
        };
        if let Some(stopped) = self.stopped(callee, &mut caller, handler) {
            return stopped;
        }
        let root = caller.origin.root;
        let handled = self.dispatcher.handle(callee, handler, caller, event).await;
        if handled.is_ok() {
            self.dispatcher.count_descendant(root);
        }
        match handled {
            Ok(invoked) => match (invoked.record.outcome.failure(), invoked.output) {
                (None, output) => Handled::Ok(output.unwrap_or_default()),
                (Some(failure), _) => Handled::Failed(failure),
            },
            Err(error) => refused(&error),
        }
    }

    /// Stops a function that has triggered itself too often, or one too many of
    /// what descends from one, and leaves a record of it.
    pub(super) fn stopped(
        &self,
        callee: &Callee,
        caller: &mut Caller,
        handler: lambent_types::Handler,
    ) -> Option<Handled> {
        let (stopped, failure) = self.dispatcher.check_lineage(callee, caller)?;
        let outcome = Outcome::FunctionError(failure.clone());
        self.dispatcher.record_unmetered(callee, handler, caller.id, outcome);
        let cause = match stopped {
            Stopped::Recursion => Cause::RecursionStopped,
            Stopped::TooManyDescendants => Cause::TooManyDescendants,
        };
        Some(Handled::Permanent(cause, failure))
    }
}

/// The end of an event that is older than its policy allows.
fn expired(age: Duration) -> Handled {
    let failure = failure("Lambent.EventAgeExceeded", format!("the event is {age:?} old"));
    Handled::Permanent(Cause::EventAgeExceeded, failure)
}

/// Tells the log of an event that is given up.
fn warn_of(target: &Target, function: &QualifiedFunction, end: &End<'_>) {
    tracing::warn!(
        namespace = %target.namespace, %function, event = end.event.id,
        cause = ?end.cause, attempts = end.attempts, "an event is given up"
    );
}
