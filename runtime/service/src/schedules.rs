use jiff::Timestamp;
use lambent_storage::Scheduled;
use lambent_types::{Error, ErrorCode, Incoming, Schedule, ScheduleName};

use crate::client_errors;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::specifications::Specified;

/// A schedule.
pub type ScheduleHandle<'s> = Handle<'s, ScheduleName>;

impl ResourceName for ScheduleName {
    const NOUN: &'static str = "schedule";
    const NOT_FOUND: ErrorCode = ErrorCode::ScheduleNotFound;

    type Scope = Scope;
}

impl Specified for ScheduleName {
    type Specification = Schedule;

    const LIST: Operation = Operation::ListSchedules;
    const DESCRIBE: Operation = Operation::DescribeSchedule;
    const DELETE: Operation = Operation::DeleteSchedule;
}

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

fn check_revision(name: &ScheduleName, found: u64, expected: Option<u64>) -> Result<(), Error> {
    match expected {
        Some(0) if found != 0 => {
            Err(Error::new(ErrorCode::Conflict, format!("schedule \"{name}\" exists already")))
        }
        Some(expected) if found != expected => {
            let detail =
                format!("schedule \"{name}\" was changed meanwhile; read it and try again");
            Err(Error::new(ErrorCode::Conflict, detail))
        }
        _ => Ok(()),
    }
}

fn same_times(one: &Schedule, other: &Schedule) -> bool {
    one.expression == other.expression && one.time_zone == other.time_zone
}

impl Scope {
    /// Creates or replaces a schedule; it fires next at its first time from now.
    /// One that never fires is refused, unless it is there with the same
    /// expression: whatever else of it may be changed after its time. One without
    /// annotations keeps those that are there.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the field of the expression, or why it
    /// would never fire;
    /// `FunctionNotFound`, `NotInvocable`, `QueueNotFound` (a destination),
    /// `QuotaExceeded`; the store failed.
    pub async fn put_schedule(&self, schedule: Schedule) -> Result<Put<Scheduled>, Error> {
        self.put_schedule_if(schedule, None).await
    }

    /// The same, if the schedule is at the revision `expected`; `0`: if there is none.
    ///
    /// # Errors
    /// `Conflict`: it is not; else as [`Self::put_schedule`].
    pub async fn put_schedule_if(
        &self,
        mut schedule: Schedule,
        expected: Option<u64>,
    ) -> Result<Put<Scheduled>, Error> {
        let (namespace, name) = (self.namespace(), schedule.name.clone());
        self.perform(Operation::PutSchedule, name.as_str(), async {
            let _wiring = self.service.wiring.lock().await;
            let schedules = self.stores().resources.of::<Schedule>();
            let stored = schedules.get(namespace, &name).await?;
            check_revision(&name, stored.as_ref().map_or(0, |stored| stored.revision), expected)?;
            // Who notes nothing leaves what tools noted.
            if let Some(stored) = &stored
                && schedule.annotations.is_empty()
            {
                schedule.annotations = stored.specification.annotations.clone();
            }
            let (schedule, first) = checked(schedule, self.service.clock.now()).await?;
            self.check_handler(&schedule.function, Incoming::Event).await?;
            self.check_destinations(schedule.delivery.as_ref()).await?;
            let created = stored.is_none();
            let same = stored.filter(|stored| same_times(&stored.specification, &schedule));
            let next = match (first, same) {
                (Ok(next), _) => Some(next),
                // What is due and not yet fired still does.
                (Err(_), Some(stored)) => stored.next,
                (Err(error), None) => return Err(error),
            };
            let next = next.filter(|_| schedule.enabled);
            let put = schedules.put(namespace, &schedule, next).await;
            put.map_err(|error| client_errors::resource(namespace, &name, error))?;
            Ok(Put { value: self.named(name.clone()).describe().await?, created })
        })
        .await
    }
}
