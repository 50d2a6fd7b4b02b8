use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use lambent_api::SiteView;
use lambent_api::client::found;
use lambent_api::kinds::{Bucket, Site as SiteKind};
use lambent_types::{BucketName, QualifiedFunction, RouteKey, RouteTarget, Site, SiteName};

use super::named;
use crate::confirm;
use crate::cors_args::CorsArgs;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::output::warn;
use crate::site_files::{self, Folder};

const EXAMPLES: &str = "\
Examples:
  lambent site put shop --files public
  lambent site put shop --route '/api/*=orders' --route 'GET /health=status' --files public
  lambent site put app --files dist --fallback index.html --domain app.example.com
  lambent site put api --route '/*=orders' --allow-origin https://app.example.com --allow-method PUT
  lambent site list
  lambent site describe shop
  lambent site delete shop --yes";

/// Serve functions and files under one host, by routes
///
/// A site is at SITE.DOMAIN for each domain of the node, and at domains of its own.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SiteArgs {
    #[command(subcommand)]
    command: SiteCommand,
}

#[derive(Debug, Subcommand)]
enum SiteCommand {
    Put(Box<PutArgs>),
    /// List the sites
    List,
    /// Show a site
    Describe {
        /// The site's name
        name: SiteName,
    },
    /// Delete a site with the files that were written for it; functions and other objects stay
    Delete {
        /// The site's name
        name: SiteName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Make a site, or replace the one of that name
///
/// A route is a path, after a method if it is for one: '/orders/{id}', 'GET /health', '/api/*',
/// where /* is the path before it and everything below. Of those that fit a request the
/// most specific answers. A lambent.toml can say more: lambent manifest reference.
#[derive(Debug, Args)]
struct PutArgs {
    /// The site's name
    name: SiteName,

    /// Have a function answer a route. May be repeated
    #[arg(long = "route", value_name = "ROUTE=FUNCTION", value_parser = route)]
    routes: Vec<(RouteKey, QualifiedFunction)>,

    /// Give out the files of a folder, at a route of their own if it is not /*. May be repeated
    #[arg(long = "files", value_name = "[ROUTE=]FOLDER", value_parser = files)]
    files: Vec<(RouteKey, PathBuf)>,

    /// The file for pages that there are no files of: that of an application with routes in the
    /// browser
    #[arg(long, value_name = "FILE", requires = "files")]
    fallback: Option<String>,

    /// The bucket for the files [default: site- and the site's name]
    #[arg(long, value_name = "BUCKET", requires = "files")]
    bucket: Option<BucketName>,

    /// Serve it at a host of its own, too: with the root key only. May be repeated
    #[arg(long = "domain", value_name = "HOST")]
    domains: Vec<String>,

    #[command(flatten)]
    cors: CorsArgs,
}

fn route(text: &str) -> Result<(RouteKey, QualifiedFunction), String> {
    // A path may have the sign, a function's name not.
    let (key, function) = text.rsplit_once('=').ok_or("not of the form ROUTE=FUNCTION")?;
    let key = key.parse().map_err(|error| format!("{error}"))?;
    Ok((key, function.parse().map_err(|error| format!("{error}"))?))
}

fn files(text: &str) -> Result<(RouteKey, PathBuf), String> {
    let (key, folder) = match text.split_once('=') {
        Some((key, folder)) if key.contains('/') && key.ends_with('*') => (key, folder),
        _ => ("/*", text),
    };
    Ok((key.parse().map_err(|error| format!("{error}"))?, folder.into()))
}

pub(crate) fn run(args: &SiteArgs, global: &Global) -> Result<Exit, CliError> {
    match &args.command {
        SiteCommand::Put(args) => put(args, global),
        SiteCommand::List => {
            let first = "lambent site put shop --files public";
            named::list::<SiteKind>(&["name", "routes", "url"], row, first, global)
        }
        SiteCommand::Describe { name } => named::describe::<SiteKind>(name, fields, global),
        SiteCommand::Delete { name, yes } => {
            if !yes {
                confirm::deletion(&format!("site {name}"))?;
            }
            delete(name, global)
        }
    }
}

fn put(args: &PutArgs, global: &Global) -> Result<Exit, CliError> {
    let (site, folders) = args.site().map_err(CliError::usage)?;
    let client = global.client()?;
    let before = found(client.describe::<SiteKind>(&args.name))?;
    let before = before.map(|answer| answer.value()).transpose()?.map(|view| view.site);
    for folder in &folders {
        client.put::<Bucket>(&folder.bucket, &Default::default())?;
        folder.upload(&client)?;
    }
    let answer = client.put::<SiteKind>(&args.name, &site)?;
    let output = global.output();
    // The site is there: what is left of it from before is no failure.
    if let Err(error) = site_files::clean(&client, &args.name, before) {
        warn(output.json, &format!("not all of its old files could be deleted: {error}"));
    }
    if output.json {
        output.answer(&answer)?;
        return Ok(Exit::Ok);
    }
    let done = if answer.is_created() { "created" } else { "updated" };
    let view = answer.value()?;
    output.line(&format!("{done} site {}", view.site.name))?;
    for url in &view.urls {
        output.line(&format!("  {url}"))?;
    }
    if let Some(warning) = view.warning {
        warn(output.json, &warning);
    }
    Ok(Exit::Ok)
}

/// Deletes a site, the files that were written for it, and the bucket of its own if nothing else is
/// in that.
fn delete(name: &SiteName, global: &Global) -> Result<Exit, CliError> {
    let client = global.client()?;
    let site = client.describe::<SiteKind>(name)?.value()?.site;
    let done = named::delete::<SiteKind>(name, global)?;
    site_files::delete_all(&client, name, &site)?;
    if let Some(bucket) = site_files::bucket_of(name) {
        match client.delete::<Bucket>(&bucket) {
            Err(error) if !matches!(error.status(), Some(404 | 409)) => return Err(error.into()),
            _ => {}
        }
    }
    Ok(done)
}

impl PutArgs {
    /// What is said of the site, and the folders that are to be in buckets before.
    fn site(&self) -> Result<(Site, Vec<Folder>), String> {
        let (mut routes, mut folders) = (BTreeMap::new(), Vec::new());
        let twice = |key| format!("route \"{key}\" is given twice");
        for (key, function) in self.routes.iter().cloned() {
            let target = RouteTarget::Function { function, strip_prefix: false };
            if routes.insert(key.clone(), target).is_some() {
                return Err(twice(key));
            }
        }
        for (key, path) in &self.files {
            let folder = Folder::read(&self.name, path, self.bucket()?)?;
            let (bucket, prefix) = (folder.bucket.clone(), folder.prefix.clone());
            let target = RouteTarget::Files { bucket, prefix, fallback: self.fallback.clone() };
            if routes.insert(key.clone(), target).is_some() {
                return Err(twice(key.clone()));
            }
            folders.push(folder);
        }
        let site = Site {
            name: self.name.clone(),
            domains: self.domains.clone(),
            routes,
            cors: self.cors.settings(),
        };
        site.validate().map_err(|error| error.detail().to_owned())?;
        Ok((site, folders))
    }

    fn bucket(&self) -> Result<BucketName, String> {
        let bucket = self.bucket.clone().or_else(|| site_files::bucket_of(&self.name));
        bucket.ok_or_else(|| "the site's name makes no bucket's; give one with --bucket".into())
    }
}

fn row(view: &SiteView) -> Vec<String> {
    let url = view.urls.last().cloned().unwrap_or_else(|| "-".into());
    vec![view.site.name.to_string(), view.site.routes.len().to_string(), url]
}

fn fields(view: &SiteView) -> Vec<(&'static str, String)> {
    let SiteView { site, urls, .. } = view;
    let mut fields = vec![("name", site.name.to_string())];
    fields.extend(urls.iter().map(|url| ("url", url.clone())));
    let routes =
        site.routes.iter().map(|(key, target)| ("route", format!("{key} → {}", words(target))));
    fields.extend(routes);
    if let Some(cors) = &site.cors {
        fields.push(("origins", cors.allow_origins.join(", ")));
    }
    fields
}

fn words(target: &RouteTarget) -> String {
    match target {
        RouteTarget::Function { function, strip_prefix: false } => format!("function {function}"),
        RouteTarget::Function { function, .. } => format!("function {function}, prefix stripped"),
        RouteTarget::Files { bucket, prefix, fallback } => {
            let fallback =
                fallback.as_ref().map_or_else(String::new, |file| format!(", else {file}"));
            format!("files of {bucket}/{prefix}{fallback}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_ends_at_its_last_equals_sign() {
        let (key, function) = route("GET /a=b/{c}=orders").unwrap();
        assert_eq!((key.to_string().as_str(), function.name.as_str()), ("GET /a=b/{c}", "orders"));
        for (text, told) in
            [("/a", "ROUTE=FUNCTION"), ("a=f", "begins with a slash"), ("/a=", "is empty")]
        {
            assert!(route(text).unwrap_err().contains(told), "{text}");
        }
    }

    #[test]
    fn files_are_at_the_root_unless_a_route_is_given() {
        let at = |text: &str| files(text).map(|(key, folder)| (key.to_string(), folder));
        assert_eq!(at("public"), Ok(("/*".into(), "public".into())));
        assert_eq!(at("/docs/*=site/docs"), Ok(("/docs/*".into(), "site/docs".into())));
        assert_eq!(at("a=b/c"), Ok(("/*".into(), "a=b/c".into())));
    }
}
