//! Schedules.

use axum::body::Body;
use http::Request;
use jiff::Timestamp;
use lambent_api::ScheduleView;
use lambent_api::kinds::{Kind as _, Schedule};
use lambent_service::{Put, Scheduled, Scope};
use lambent_types::ScheduleName;

use super::kinds::{Description, Served};
use super::named_body::named;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(scheduled: Scheduled) -> ScheduleView {
    ScheduleView { schedule: scheduled.specification, next: scheduled.next, warning: None }
}

/// A schedule that was changed.
fn changed(scheduled: Scheduled) -> ScheduleView {
    let ended = scheduled.specification.enabled && scheduled.next.is_none();
    let reason = || scheduled.specification.first_after(Timestamp::now()).err();
    let warning = ended.then(reason).flatten().map(|error| error.detail().to_owned());
    ScheduleView { warning, ..view(scheduled) }
}

impl Served for Schedule {
    const DESCRIPTION: Description = Description {
        put: "Creates or replaces a schedule; one that would never fire is not created.",
        spec: Some("The schedule; its name may be left out"),
        describe: "Describes a schedule and when it fires next.",
        delete: "Deletes a schedule with the events that wait for it.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<ScheduleView>, Refusal> {
        Ok(scope.all::<ScheduleName>().await?.into_iter().map(view).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<ScheduleView>, Refusal> {
        let handle = resource.handle::<ScheduleName>()?;
        let schedule = named(request, handle.name().as_str(), Self::NOUN, app.stall).await?;
        Ok(resource.scope.put_schedule(schedule).await?.map(changed))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<ScheduleView, Refusal> {
        Ok(view(resource.handle::<ScheduleName>()?.describe().await?))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<ScheduleName>()?.delete().await?)
    }
}
