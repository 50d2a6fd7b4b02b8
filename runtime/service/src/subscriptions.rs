use lambent_storage::ResourceError;
use lambent_types::{
    Confirmation, Error, ErrorCode, Incoming, Namespace, Subscriber, Subscription, SubscriptionName,
};

use crate::client_errors;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::service::Service;
use crate::specifications::Specified;
use crate::subscription_tokens as tokens;

/// A subscription.
pub type SubscriptionHandle<'s> = Handle<'s, SubscriptionName>;

/// How often a subscription is changed anew that others change too.
const TRIES: usize = 10;

impl ResourceName for SubscriptionName {
    const NOUN: &'static str = "subscription";
    const NOT_FOUND: ErrorCode = ErrorCode::SubscriptionNotFound;

    type Scope = Scope;
}

impl Specified for SubscriptionName {
    type Specification = Subscription;

    const LIST: Operation = Operation::ListSubscriptions;
    const DESCRIBE: Operation = Operation::DescribeSubscription;
    const DELETE: Operation = Operation::DeleteSubscription;
}

/// Whether two subscriptions are to the same topic and for the same subscriber.
fn same_ends(one: &Subscription, other: &Subscription) -> bool {
    let named = |subscriber: &Subscriber| match subscriber {
        Subscriber::Url(url) => url.clone(),
        other => other.to_string().to_ascii_lowercase(),
    };
    one.topic.key() == other.topic.key() && named(&one.subscriber) == named(&other.subscriber)
}

impl Scope {
    /// Creates or replaces a subscription. From then on its subscriber gets the messages of the topic;
    /// a URL does once it has confirmed that it wants them, for which it is asked, and asked again
    /// if the subscription is put again before. `region` is where the client takes the topic to be.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `TopicNotFound`, `FunctionNotFound`, `NotInvocable`, `QueueNotFound`,
    /// `Conflict` (it is of another topic or another subscriber), `QuotaExceeded`; the store failed.
    pub async fn put_subscription(
        &self,
        mut subscription: Subscription,
        region: &str,
    ) -> Result<Put<Subscription>, Error> {
        let (namespace, name) = (self.namespace(), subscription.name.clone());
        let handle = self.named(name.clone());
        handle
            .perform(Operation::PutSubscription, async {
                subscription.validate()?;
                let _wiring = self.service.wiring.lock().await;
                self.named(subscription.topic.clone()).describe().await?;
                self.check_ends(&subscription).await?;
                let subscriptions = self.stores().resources.of::<Subscription>();
                let found = subscriptions.get(namespace, &name).await?;
                let created = found.is_none();
                let known = found.map(|found| found.specification);
                if let Some(known) = &known {
                    if !same_ends(known, &subscription) {
                        let detail = format!(
                            "subscription \"{name}\" is of topic \"{}\" for {}; delete it first",
                            known.topic, known.subscriber
                        );
                        return Err(Error::new(ErrorCode::Conflict, detail));
                    }
                    if subscription.annotations.is_empty() {
                        subscription.annotations = known.annotations.clone();
                    }
                }
                let is_confirmed = known.as_ref().is_some_and(Subscription::is_confirmed);
                subscription.farewell = match known {
                    Some(known) => known.farewell,
                    None => tokens::token(namespace, &name)?,
                };
                let token = match subscription.subscriber.is_asked() && !is_confirmed {
                    true => Some(tokens::token(namespace, &name)?),
                    false => None,
                };
                subscription.confirmation =
                    token.as_deref().map_or(Confirmation::Confirmed, |token| {
                        Confirmation::Pending(tokens::digest(token))
                    });
                let put = subscriptions.put(namespace, &subscription, None).await;
                put.map_err(|error| client_errors::resource(namespace, &name, error))?;
                if let Some(token) = token {
                    let (deliveries, origin) = (&self.service.deliveries, self.change_origin()?);
                    let asked = (region, token.as_str());
                    deliveries.ask_subscriber(namespace, &subscription, asked, origin).await?;
                }
                Ok(Put { value: subscription, created })
            })
            .await
    }

    /// Checks that what a subscription names is there.
    async fn check_ends(&self, subscription: &Subscription) -> Result<(), Error> {
        match &subscription.subscriber {
            Subscriber::Queue(queue) => drop(self.resource(queue).describe().await?),
            Subscriber::Function(named) => self.check_handler(named, Incoming::Event).await?,
            Subscriber::Url(_) => {}
        }
        if let Some(queue) = &subscription.dead_letter {
            self.resource(queue).describe().await?;
        }
        Ok(())
    }

    /// Changes a subscription that is there, but not its topic, its subscriber, and whether that has
    /// confirmed.
    ///
    /// # Errors
    /// `SubscriptionNotFound`, `InvalidConfiguration`, `QueueNotFound`; the store failed.
    pub async fn change_subscription(
        &self,
        name: &SubscriptionName,
        change: impl Fn(&mut Subscription) -> Result<(), Error> + Send + Sync,
    ) -> Result<(), Error> {
        let handle = self.named(name.clone());
        handle
            .perform(Operation::PutSubscription, async {
                let changed = |found: &Subscription| {
                    let mut changed = found.clone();
                    change(&mut changed)?;
                    changed.validate()?;
                    Ok(Some(changed))
                };
                let found = handle.stores().resources.of::<Subscription>();
                if let Some(found) = found.get(self.namespace(), name).await?
                    && let Some(changed) = changed(&found.specification)?
                {
                    self.check_ends(&changed).await?;
                }
                let namespace = self.namespace();
                let done = self.service.change_subscription(namespace, name, changed).await?;
                done.map(drop).ok_or_else(|| handle.not_found())
            })
            .await
    }
}

impl Service {
    /// Changes a subscription, anew if it was changed meanwhile; nothing if `change` says so. The
    /// subscription as it is then; `None` if there is none.
    async fn change_subscription(
        &self,
        namespace: &Namespace,
        name: &SubscriptionName,
        change: impl Fn(&Subscription) -> Result<Option<Subscription>, Error>,
    ) -> Result<Option<Subscription>, Error> {
        let subscriptions = self.stores().resources.of::<Subscription>();
        for _ in 0..TRIES {
            let Some(found) = subscriptions.get(namespace, name).await? else { return Ok(None) };
            let Some(changed) = change(&found.specification)? else {
                return Ok(Some(found.specification));
            };
            match subscriptions.replace(namespace, &changed, found.revision).await {
                Ok(()) => return Ok(Some(changed)),
                Err(ResourceError::Conflict) => {}
                Err(error) => return Err(client_errors::resource(namespace, name, error)),
            }
        }
        let detail = format!("subscription \"{name}\" was changed meanwhile; try again");
        Err(Error::new(ErrorCode::Conflict, detail))
    }

    /// Confirms a subscription, by the token that its subscriber was sent: whoever knows it may. One
    /// that is `kept` cannot be ended by the URL that messages name.
    ///
    /// # Errors
    /// `InvalidRequest`: the token is none, or no more; the store failed.
    pub async fn confirm_subscription(
        &self,
        token: &str,
        kept: bool,
    ) -> Result<(Namespace, Subscription), Error> {
        let (namespace, name) = tokens::place(token)?;
        let digest = tokens::digest(token);
        let confirm = |found: &Subscription| match &found.confirmation {
            Confirmation::Pending(expected) if *expected == digest => {
                let farewell = if kept { String::new() } else { found.farewell.clone() };
                let confirmation = Confirmation::Confirmed;
                Ok(Some(Subscription { confirmation, farewell, ..found.clone() }))
            }
            _ => Err(tokens::invalid()),
        };
        let confirmed = self.change_subscription(&namespace, &name, confirm).await?;
        let confirmed = confirmed.ok_or_else(tokens::invalid)?;
        tracing::info!(%namespace, subscription = %name, "a subscriber confirmed");
        Ok((namespace, confirmed))
    }

    /// Ends a subscription, by the token of the URL that its messages name: whoever knows it may.
    ///
    /// # Errors
    /// `InvalidRequest`: the token is none, or no more; the store failed.
    pub async fn unsubscribe(&self, token: &str) -> Result<(), Error> {
        let (namespace, name) = tokens::place(token)?;
        let subscriptions = self.stores().resources.of::<Subscription>();
        let found = subscriptions.get(&namespace, &name).await?.ok_or_else(tokens::invalid)?;
        let known = &found.specification.farewell;
        if known.is_empty() || tokens::digest(known) != tokens::digest(token) {
            return Err(tokens::invalid());
        }
        match subscriptions.delete(&namespace, &name).await {
            Ok(()) | Err(ResourceError::NotFound) => {}
            Err(error) => return Err(client_errors::resource(&namespace, &name, error)),
        }
        tracing::info!(%namespace, subscription = %name, "a subscriber unsubscribed");
        Ok(())
    }
}
