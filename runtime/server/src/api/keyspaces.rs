//! Keyspaces.

use axum::body::Body;
use http::Request;
use lambent_api::KeyspaceView;
use lambent_api::kinds::Keyspace;
use lambent_service::{Put, Scope};
use lambent_types::KeyspaceName;

use super::kinds::{Description, Served};
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(keyspace: lambent_service::Keyspace) -> KeyspaceView {
    let lambent_service::Keyspace { name, created } = keyspace;
    KeyspaceView { name, created }
}

impl Served for Keyspace {
    const DESCRIPTION: Description = Description {
        put: "Creates a keyspace, if it is not there.",
        spec: None,
        describe: "Describes a keyspace.",
        delete: "Deletes an empty keyspace.",
        conflict: Some("It is not empty, or a trigger is for its changes"),
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<KeyspaceView>, Refusal> {
        Ok(scope.keyspaces().await?.into_iter().map(view).collect())
    }

    async fn put(
        _: &App,
        resource: &Resource,
        _: Request<Body>,
    ) -> Result<Put<KeyspaceView>, Refusal> {
        Ok(resource.handle::<KeyspaceName>()?.create().await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<KeyspaceView, Refusal> {
        Ok(view(resource.handle::<KeyspaceName>()?.describe().await?))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<KeyspaceName>()?.delete().await?)
    }
}
