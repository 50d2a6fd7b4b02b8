//! Buckets.

use axum::body::Body;
use http::Request;
use lambent_api::kinds::Bucket;
use lambent_api::{BucketSpec, BucketView};
use lambent_service::{Put, Scope};
use lambent_types::BucketName;

use super::kinds::{Description, Served};
use super::limited_body::optional_json;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(bucket: lambent_service::Bucket) -> BucketView {
    let lambent_service::Bucket { name, created, versioning } = bucket;
    BucketView { name, created, versioning }
}

impl Served for Bucket {
    const DESCRIPTION: Description = Description {
        put: "Creates a bucket, if it is not there, and has it keep versions, if that is said.",
        spec: Some("Whether it keeps versions; as before if it is not said"),
        describe: "Describes a bucket.",
        delete: "Deletes an empty bucket.",
        conflict: Some(
            "It is not empty of objects and their versions, or a trigger is for its changes",
        ),
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<BucketView>, Refusal> {
        Ok(scope.buckets().await?.into_iter().map(view).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<BucketView>, Refusal> {
        let bucket = resource.handle::<BucketName>()?;
        let said: BucketSpec = optional_json(request, "settings of the bucket", app.stall).await?;
        Ok(bucket.put_bucket(said.versioning).await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<BucketView, Refusal> {
        Ok(view(resource.handle::<BucketName>()?.describe().await?))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<BucketName>()?.delete().await?)
    }
}
