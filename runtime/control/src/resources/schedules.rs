use jiff::Timestamp;
use lambent_storage::Scheduled;
use lambent_types::{Error, ErrorCode, Incoming, Namespace, Schedule, ScheduleName};

use super::Put;
use super::triggers::check_handler;
use crate::control::Control;
use crate::explain;

/// Checks a schedule, and says when it fires first, or why never. A search is
/// short, but for a zone that has to be read from disk: not on a thread that serves.
async fn checked(
    schedule: Schedule,
    now: Timestamp,
) -> Result<(Schedule, Result<Timestamp, Error>), Error> {
    let found = tokio::task::spawn_blocking(move || {
        schedule.validate()?;
        let first = schedule.first_after(now);
        Ok((schedule, first))
    });
    let failed = |_| Error::new(ErrorCode::Internal, "the schedule could not be checked");
    found.await.map_err(failed)?
}

fn same_times(one: &Schedule, other: &Schedule) -> bool {
    one.expression == other.expression && one.time_zone == other.time_zone
}

impl Control {
    /// Creates or replaces a schedule; it fires next at its first time from now.
    /// One that never fires is refused, unless it is there with the same
    /// expression: whatever else of it may be changed after its time.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression, or why it
    /// would never fire;
    /// `FunctionNotFound`, `NotInvocable`, `QueueNotFound` (a destination),
    /// `QuotaExceeded`; the store failed.
    pub async fn put_schedule(
        &self,
        namespace: &Namespace,
        schedule: Schedule,
    ) -> Result<Put<Scheduled>, Error> {
        let (schedule, first) = checked(schedule, self.clock.now()).await?;
        let name = schedule.name.clone();
        let _wiring = self.wiring.lock().await;
        let function = self.describe(namespace, &schedule.function).await?;
        check_handler(&function, Incoming::Event)?;
        self.check_destinations(namespace, schedule.delivery.as_ref()).await?;
        let stored = self.stores.schedules.get(namespace, &name).await?;
        let created = stored.is_none();
        let same = stored.filter(|stored| same_times(&stored.schedule, &schedule));
        let next = match (first, same) {
            (Ok(next), _) => Some(next),
            // What is due and not yet fired still does.
            (Err(_), Some(stored)) => stored.next,
            (Err(error), None) => return Err(error),
        };
        let next = next.filter(|_| schedule.enabled);
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
