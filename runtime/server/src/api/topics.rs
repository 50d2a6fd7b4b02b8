//! Topics and their subscriptions.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode};
use lambent_api::kinds::{Kind as _, Subscription, Topic};
use lambent_api::{PublishedView, SubscriptionView, TopicView, paths};
use lambent_service::{Put, Scope};
use lambent_types::{Error, ErrorCode, NewTopicMessage, SubscriptionName, TopicName};

use super::extractors::State;
use super::kinds::{Description, Served};
use super::limited_body::large_json;
use super::named_body::named;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

/// The region that notifications say topics to be in which are published to here.
const REGION: &str = "us-east-1";
/// Most bytes of a message in JSON, of which a character may take several.
const MESSAGE_BYTES_MAX: u64 = 1 << 20;

impl Served for Topic {
    const DESCRIPTION: Description = Description {
        put: "Creates or replaces a topic. A name that ends in `.fifo` makes a FIFO topic.",
        spec: Some("The topic; its name may be left out"),
        describe: "Describes a topic.",
        delete: "Deletes a topic with its subscriptions, and the messages that not all of them have.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<TopicView>, Refusal> {
        let all = scope.all::<TopicName>().await?.into_iter();
        Ok(all.map(|stored| TopicView { topic: stored.specification }).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<TopicView>, Refusal> {
        let handle = resource.handle::<TopicName>()?;
        let topic = named(request, handle.name().as_str(), Self::NOUN, app.stall).await?;
        Ok(resource.scope.put_topic(topic).await?.map(|topic| TopicView { topic }))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<TopicView, Refusal> {
        let found = resource.handle::<TopicName>()?.describe().await?;
        Ok(TopicView { topic: found.specification })
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<TopicName>()?.delete().await?)
    }
}

/// A subscription as it is shown: without what ends it for whoever knows it.
fn view(subscription: lambent_types::Subscription) -> SubscriptionView {
    let farewell = String::new();
    SubscriptionView { subscription: lambent_types::Subscription { farewell, ..subscription } }
}

impl Served for Subscription {
    const DESCRIPTION: Description = Description {
        put: "Creates or replaces a subscription of a topic. A URL is asked first whether it wants\n\
              the messages.",
        spec: Some("The subscription; its name may be left out"),
        describe: "Describes a subscription.",
        delete: "Deletes a subscription with the messages that wait for it.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<SubscriptionView>, Refusal> {
        let all = scope.all::<SubscriptionName>().await?.into_iter();
        Ok(all.map(|stored| view(stored.specification)).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<SubscriptionView>, Refusal> {
        let handle = resource.handle::<SubscriptionName>()?;
        let subscription = named(request, handle.name().as_str(), Self::NOUN, app.stall).await?;
        Ok(resource.scope.put_subscription(subscription, REGION).await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<SubscriptionView, Refusal> {
        Ok(view(resource.handle::<SubscriptionName>()?.describe().await?.specification))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<SubscriptionName>()?.delete().await?)
    }
}

/// Publishes a message to a topic, which copies it to every subscription that wants it.
#[utoipa::path(
    post, path = paths::TOPIC_MESSAGES, operation_id = "publish_messages",
    params(("name" = String, Path, description = "The topic")),
    request_body(description = "The message, at most 256 KiB with its attributes",
        content((NewTopicMessage = "application/json"))),
    responses((status = 201, description = "Published", body = PublishedView)),
)]
pub(super) async fn publish(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let topic = resource.handle::<TopicName>()?;
    let json = ["application/json"];
    let message: NewTopicMessage =
        large_json(request, &json, MESSAGE_BYTES_MAX, "message", app.stall).await?;
    let published = topic.publish(vec![message], REGION).await?.pop();
    let nothing = || Error::new(ErrorCode::Internal, "nothing is known of the message");
    let published = published.ok_or_else(nothing)??;
    let view = PublishedView { id: published.id, sequence: published.sequence };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}
