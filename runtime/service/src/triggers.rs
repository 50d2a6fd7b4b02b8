use lambent_dispatch::TriggerStatus;
use lambent_storage::{Channel, Depth};
use lambent_types::{
    Error, ErrorCode, FunctionVersion, Incoming, QualifiedFunction, Source, TableName, Trigger,
    TriggerName,
};

use crate::client_errors;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::specifications::Specified;

/// A trigger.
pub type TriggerHandle<'s> = Handle<'s, TriggerName>;

impl ResourceName for TriggerName {
    const NOUN: &'static str = "trigger";
    const NOT_FOUND: ErrorCode = ErrorCode::TriggerNotFound;

    type Scope = Scope;
}

impl Specified for TriggerName {
    type Specification = Trigger;

    const LIST: Operation = Operation::ListTriggers;
    const DESCRIBE: Operation = Operation::DescribeTrigger;
    const DELETE: Operation = Operation::DeleteTrigger;

    async fn deleted(&self, scope: &Scope) -> Result<(), Error> {
        let _wiring = scope.service.wiring.lock().await;
        let (namespace, triggers) = (scope.namespace(), scope.stores().resources.of::<Trigger>());
        // Another of its name may be there already.
        if triggers.get(namespace, self).await?.is_none() {
            scope.service.deliveries.forget_stream(namespace, self).await?;
        }
        Ok(())
    }
}

impl Scope {
    /// Creates or replaces a trigger. From then on every change that fits it
    /// becomes an event for its function.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `FunctionNotFound`, `NotInvocable`,
    /// `BucketNotFound`, `KeyspaceNotFound`, `QueueNotFound`, `TableNotFound`, `Conflict` (it has
    /// another source), `QuotaExceeded`; the store failed.
    pub async fn put_trigger(&self, trigger: Trigger) -> Result<Put<Trigger>, Error> {
        let (namespace, name) = (self.namespace(), trigger.name.clone());
        self.perform(Operation::PutTrigger, name.as_str(), async {
            trigger.validate()?;
            let _wiring = self.service.wiring.lock().await;
            if let Source::Table(source) = &trigger.source {
                self.check_stream(&source.table).await?;
            }
            if let Some(function) = &trigger.function {
                self.check_handler(function, trigger.source.incoming()).await?;
            }
            if let Some(target) = &trigger.send_to {
                self.resource(&target.queue).describe().await?;
            }
            self.check_destinations(trigger.delivery.as_ref()).await?;
            let triggers = self.stores().resources.of::<Trigger>();
            let created = triggers.get(namespace, &trigger.name).await?.is_none();
            if created {
                self.service.deliveries.begin_stream(namespace, &trigger).await?;
            }
            if let Err(error) = triggers.put(namespace, &trigger, None).await {
                if created {
                    self.service.deliveries.forget_stream(namespace, &trigger.name).await?;
                }
                return Err(client_errors::trigger(namespace, &trigger, error));
            }
            Ok(Put { value: trigger, created })
        })
        .await
    }

    /// How the deliveries of a trigger went, since the node started.
    #[must_use]
    pub fn trigger_status(&self, trigger: &Trigger) -> TriggerStatus {
        self.service.deliveries.trigger_status(self.namespace(), &trigger.name)
    }

    /// How much waits for a trigger: its events, or the messages of its queue.
    ///
    /// # Errors
    /// The store failed.
    pub async fn trigger_depth(&self, trigger: &Trigger) -> Result<Depth, Error> {
        self.perform(Operation::DescribeTrigger, trigger.name.as_str(), async {
            match &trigger.source {
                Source::Queue { queue, .. } => return self.resource(queue).depth().await,
                Source::Table(_) => {
                    let deliveries = &self.service.deliveries;
                    let ready = deliveries.stream_backlog(self.namespace(), trigger).await?;
                    return Ok(Depth { ready, ..Depth::default() });
                }
                Source::Object { .. } | Source::KeyValue { .. } => {}
            }
            let channel = Channel::Trigger(trigger.name.clone());
            Ok(self.stores().events.depth(self.namespace(), &channel).await?)
        })
        .await
    }
}

impl Scope {
    /// Checks that whatever version of a function is called exports something that takes what will
    /// come to it.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`, `NotInvocable`; the store failed.
    pub(crate) async fn check_handler(
        &self,
        QualifiedFunction { name, qualifier }: &QualifiedFunction,
        incoming: Incoming,
    ) -> Result<(), Error> {
        let found = self.service.dispatcher.resolve(self.namespace(), name, qualifier).await?;
        found.versions().try_for_each(|version| takes(version, incoming))
    }
}

impl Scope {
    /// Checks that a table has a stream.
    async fn check_stream(&self, table: &TableName) -> Result<(), Error> {
        let found = self.stores().tables.table(self.namespace(), table).await?;
        let found = found.ok_or_else(|| {
            Error::new(ErrorCode::TableNotFound, format!("there is no table \"{table}\""))
        })?;
        if found.definition.stream.is_some() {
            return Ok(());
        }
        let detail = format!(
            "table \"{table}\" has no stream, in which its changes would be; give it one: \
             lambent table put {table} --stream new-and-old-images"
        );
        Err(Error::new(ErrorCode::InvalidConfiguration, detail))
    }
}

fn takes(function: &FunctionVersion, incoming: Incoming) -> Result<(), Error> {
    if incoming.handler(&function.handlers).is_some() {
        return Ok(());
    }
    let join = |handlers: &[lambent_types::Handler]| {
        handlers.iter().map(|handler| handler.as_str()).collect::<Vec<_>>().join(", ")
    };
    let what = match incoming {
        Incoming::Event => "events",
        Incoming::Message => "the messages of a queue",
        Incoming::KeyChange => "changes of keys",
        Incoming::ItemChange => "changes of items",
    };
    let detail = format!(
        "function \"{}\" exports {}, and none of that takes {what}; it needs one of: {}",
        function.name,
        join(&function.handlers),
        join(incoming.handlers())
    );
    Err(Error::new(ErrorCode::NotInvocable, detail))
}
