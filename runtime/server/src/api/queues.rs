//! Queues.

use axum::body::Body;
use http::Request;
use lambent_api::kinds::Queue;
use lambent_api::{DepthView, QueueView};
use lambent_service::{Depth, Put, Scope};
use lambent_types::QueueName;

use super::kinds::{Description, Served};
use super::limited_body::optional_json;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

/// How much a queue or a trigger holds.
pub(super) fn depth(depth: Depth) -> DepthView {
    let Depth { ready, in_flight, delayed, oldest } = depth;
    DepthView { ready, in_flight, delayed, oldest }
}

fn view(queue: lambent_service::Queue) -> QueueView {
    let lambent_service::Queue { name, attributes, created, modified } = queue;
    QueueView { name, attributes, created, modified: Some(modified), depth: None }
}

impl Served for Queue {
    const DESCRIPTION: Description = Description {
        put: "Creates a queue, or gives an existing one other attributes. A name that ends\n\
              in `.fifo` makes a FIFO queue.",
        spec: Some("Its attributes; those that are not given have their defaults"),
        describe: "Describes a queue and how much it holds.",
        delete: "Deletes a queue with everything in it.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<QueueView>, Refusal> {
        Ok(scope.queues().await?.into_iter().map(view).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<QueueView>, Refusal> {
        let queue = resource.handle::<QueueName>()?;
        let attributes = optional_json(request, "attributes of the queue", app.stall).await?;
        Ok(queue.put(attributes).await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<QueueView, Refusal> {
        let queue = resource.handle::<QueueName>()?;
        let found = queue.describe().await?;
        Ok(QueueView { depth: Some(depth(queue.depth().await?)), ..view(found) })
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<QueueName>()?.delete().await?)
    }
}
