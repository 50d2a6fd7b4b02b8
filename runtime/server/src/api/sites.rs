//! Sites.

use axum::body::Body;
use http::Request;
use lambent_api::SiteView;
use lambent_api::kinds::{Kind as _, Site};
use lambent_service::{Put, PutSite, Scope};
use lambent_types::SiteName;

use super::kinds::{Description, Served};
use super::named_body::named;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::state::App;

fn view(app: &App, scope: &Scope, site: lambent_types::Site) -> SiteView {
    let mut urls = app.urls.of_site(scope.namespace(), &site.name);
    urls.extend(site.domains.iter().map(|domain| app.urls.of_host(domain)));
    SiteView { site, urls, warning: None }
}

impl Served for Site {
    const DESCRIPTION: Description = Description {
        put: "Creates or replaces a site, which is served at once.",
        spec: Some("The site; its name may be left out"),
        describe: "Describes a site and where it is.",
        delete: "Deletes a site; the functions and files that it routes to stay.",
        conflict: None,
    };

    async fn all(app: &App, scope: &Scope) -> Result<Vec<SiteView>, Refusal> {
        let all = scope.all::<SiteName>().await?;
        Ok(all.into_iter().map(|stored| view(app, scope, stored.specification)).collect())
    }

    async fn put(
        app: &App,
        resource: &Resource,
        request: Request<Body>,
    ) -> Result<Put<SiteView>, Refusal> {
        let handle = resource.handle::<SiteName>()?;
        let site = named(request, handle.name().as_str(), Self::NOUN, app.stall).await?;
        let put = resource.scope.put_site(site).await?;
        Ok(put.map(|PutSite { site, warning }| SiteView {
            warning,
            ..view(app, &resource.scope, site)
        }))
    }

    async fn describe(app: &App, resource: &Resource) -> Result<SiteView, Refusal> {
        let site = resource.handle::<SiteName>()?.describe().await?;
        Ok(view(app, &resource.scope, site.specification))
    }

    async fn delete(resource: &Resource) -> Result<(), Refusal> {
        Ok(resource.handle::<SiteName>()?.delete().await?)
    }
}
