//! Triggers.

use axum::body::Body;
use http::Request;
use lambent_api::kinds::{Kind as _, Trigger};
use lambent_api::{LastErrorView, TriggerStatusView, TriggerView};
use lambent_service::{LastError, Put, Scope, TriggerStatus};
use lambent_types::TriggerName;

use super::kinds::{Description, Served};
use super::named_body::named;
use super::queues::depth;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

async fn view(scope: &Scope, trigger: lambent_types::Trigger) -> Result<TriggerView, Refusal> {
    let depth = depth(scope.trigger_depth(&trigger).await?);
    let TriggerStatus { last_error, last_success } = scope.trigger_status(&trigger);
    let last_error = last_error.map(|LastError { time, kind, message, request }| LastErrorView {
        time,
        kind,
        message,
        request,
    });
    Ok(TriggerView { trigger, depth, status: TriggerStatusView { last_error, last_success } })
}

impl Served for Trigger {
    const DESCRIPTION: Description = Description {
        put: "Creates or replaces a trigger.",
        spec: Some("The trigger; its name may be left out"),
        describe: "Describes a trigger and what waits for it.",
        delete: "Deletes a trigger with the events that wait for it.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<TriggerView>, Refusal> {
        let mut triggers = Vec::new();
        for stored in scope.all::<TriggerName>().await? {
            triggers.push(view(scope, stored.specification).await?);
        }
        Ok(triggers)
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<TriggerView>, Refusal> {
        let handle = resource.handle::<TriggerName>()?;
        let trigger = named(request, handle.name().as_str(), Self::NOUN, app.stall).await?;
        let Put { value, created } = resource.scope.put_trigger(trigger).await?;
        Ok(Put { value: view(&resource.scope, value).await?, created })
    }

    async fn describe(_: &App, resource: &Resource) -> Result<TriggerView, Refusal> {
        let found = resource.handle::<TriggerName>()?.describe().await?;
        view(&resource.scope, found.specification).await
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<TriggerName>()?.delete().await?)
    }
}
