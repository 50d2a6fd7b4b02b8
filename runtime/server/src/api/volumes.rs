//! Volumes.

use axum::body::Body;
use http::Request;
use lambent_api::kinds::Volume;
use lambent_api::{VolumeUsageView, VolumeView};
use lambent_service::{Put, Scope, VolumeUsage};
use lambent_types::{VolumeName, VolumeSettings};

use super::kinds::{Description, Served};
use super::limited_body::optional_json;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(volume: lambent_types::Volume) -> VolumeView {
    let lambent_types::Volume { name, max_bytes, created, .. } = volume;
    VolumeView { name, settings: VolumeSettings { max_bytes }, created, usage: None }
}

impl Served for Volume {
    const DESCRIPTION: Description = Description {
        put: "Creates a volume, or gives an existing one another size.",
        spec: Some("Its size; 1 GiB if it is not given"),
        describe: "Describes a volume and how much it holds.",
        delete: "Deletes a volume with everything in it.",
        conflict: None,
    };

    async fn all(_: &App, scope: &Scope) -> Result<Vec<VolumeView>, Refusal> {
        Ok(scope.volumes().await?.into_iter().map(view).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<VolumeView>, Refusal> {
        let volume = resource.handle::<VolumeName>()?;
        let settings = optional_json(request, "settings of the volume", app.stall).await?;
        Ok(volume.put(settings).await?.map(view))
    }

    async fn describe(_: &App, resource: &Resource) -> Result<VolumeView, Refusal> {
        let (volume, usage) = resource.handle::<VolumeName>()?.describe().await?;
        let VolumeUsage { bytes, files } = usage;
        Ok(VolumeView { usage: Some(VolumeUsageView { bytes, files }), ..view(volume) })
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<VolumeName>()?.delete().await?)
    }
}
