use lambent_storage::Scheduled;
use lambent_types::{Error, Incoming, Namespace, Schedule, ScheduleName};

use super::Put;
use super::triggers::check_handler;
use crate::control::Control;
use crate::explain;

impl Control {
    /// Creates or replaces a schedule; it fires next at its first time from now.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression;
    /// `FunctionNotFound`, `NotInvocable`, `QueueNotFound` (a destination),
    /// `QuotaExceeded`; the store failed.
    pub async fn put_schedule(
        &self,
        namespace: &Namespace,
        schedule: Schedule,
    ) -> Result<Put<Scheduled>, Error> {
        schedule.validate()?;
        let name = schedule.name.clone();
        let _wiring = self.wiring.lock().await;
        let function = self.describe(namespace, &schedule.function).await?;
        check_handler(&function, Incoming::Event)?;
        self.check_destinations(namespace, schedule.delivery.as_ref()).await?;
        let next = schedule.next_after(self.clock.now())?.filter(|_| schedule.enabled);
        let created = self.stores.schedules.get(namespace, &name).await?.is_none();
        let put = self.stores.schedules.put(namespace, schedule, next).await;
        put.map_err(|error| explain::schedule(namespace, &name, error))?;
        Ok(Put { value: self.schedule(namespace, &name).await?, created })
    }

    /// Reads one schedule.
    ///
    /// # Errors
    /// `ScheduleNotFound`; the store failed.
    pub async fn schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Scheduled, Error> {
        let found = self.stores.schedules.get(namespace, name).await?;
        found.ok_or_else(|| explain::no_schedule(namespace, name))
    }

    /// All schedules by name.
    ///
    /// # Errors
    /// The store failed.
    pub async fn schedules(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, Error> {
        Ok(self.stores.schedules.list(namespace).await?)
    }

    /// Deletes a schedule with the events of it that wait.
    ///
    /// # Errors
    /// `ScheduleNotFound`; the store failed.
    pub async fn delete_schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<(), Error> {
        let deleted = self.stores.schedules.delete(namespace, name).await;
        deleted.map_err(|error| explain::schedule(namespace, name, error))
    }
}
