//! Buckets.

use axum::body::Body;
use http::Request;
use lambent_api::BucketView;
use lambent_api::kinds::Bucket;
use lambent_service::{Put, Scope};
use lambent_types::BucketName;

use super::kinds::{Description, Served};
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(bucket: lambent_service::Bucket) -> BucketView {
    let lambent_service::Bucket { name, created } = bucket;
    BucketView { name, created }
}

impl Served for Bucket {
    const DESCRIPTION: Description = Description {
        put: "Creates a bucket, if it is not there.",
        spec: None,
        describe: "Describes a bucket.",
        delete: "Deletes an empty bucket.",
        conflict: Some("It is not empty, or a trigger is for its changes"),
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<BucketView>, Refusal> {
        Ok(scope.buckets().await?.into_iter().map(view).collect())
    }

    async fn put(
        _: &App,
        resource: &Resource,
        _: Request<Body>,
    ) -> Result<Put<BucketView>, Refusal> {
        Ok(resource.handle::<BucketName>()?.create().await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<BucketView, Refusal> {
        Ok(view(resource.handle::<BucketName>()?.describe().await?))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<BucketName>()?.delete().await?)
    }
}
