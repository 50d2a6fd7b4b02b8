use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use lambent_types as types;
use lambent_types::{BucketName, QualifiedFunction, RouteKey, RouteTarget, SiteName};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::context::Context;
use super::cors::Cors;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;
use crate::site_files::{self, Folder};

/// What answers under one host, by routes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    /// Hosts of its own, such as `shop.example.com`, beside `<site>.<domain of the node>`. Only who
    /// administers the node gives a site one.
    #[serde(default)]
    domains: Vec<String>,
    /// What answers, by path, after a method if it is for one: `"/api/*" = "orders"`. Of those that
    /// fit a request the most specific answers.
    #[schema(value_type = BTreeMap<String, Route>)]
    routes: BTreeMap<RouteKey, Route>,
    /// What pages of other origins may do; nothing by default.
    cors: Option<Cors>,
    /// The bucket into which its folders are put; by default `site-` and its name. It is made, and
    /// what was put there of them before is deleted.
    #[schema(value_type = Option<String>)]
    bucket: Option<BucketName>,
}

/// What answers the requests of a route: a function by its name, or a table.
#[derive(Debug)]
enum Route {
    Function(QualifiedFunction),
    Table(RouteTable),
}

impl ToSchema for Route {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((RouteTable::name().into(), RouteTable::schema()));
    }
}

impl PartialSchema for Route {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().schema_type(Type::String);
        OneOfBuilder::new().item(name).item(Ref::from_schema_name(RouteTable::name())).into()
    }
}

/// What answers the requests of a route, and how: one of `function`, `files` and `bucket`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RouteTable {
    /// A function.
    #[schema(value_type = Option<String>)]
    function: Option<QualifiedFunction>,
    /// Whether the function sees only what follows the path before `/*`.
    #[schema(default = false)]
    strip_prefix: bool,
    /// A folder of files, relative to the file.
    #[schema(value_type = Option<String>, example = "public")]
    files: Option<PathBuf>,
    /// A bucket whose objects anybody may read here.
    #[schema(value_type = Option<String>)]
    bucket: Option<BucketName>,
    /// What the keys of these objects begin with.
    #[schema(value_type = Option<String>, example = "public/")]
    prefix: Option<String>,
    /// The file for pages that there are no files of: that of an application with routes in the
    /// browser.
    #[schema(example = "index.html")]
    fallback: Option<String>,
}

impl<'de> Deserialize<'de> for Route {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Route;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a function in quotes, or a table such as { files = \"public\" }")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Route, E> {
        name.parse().map(Route::Function).map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Route, M::Error> {
        RouteTable::deserialize(MapAccessDeserializer::new(map)).map(Route::Table)
    }
}

impl Entry for Site {
    const KIND: Kind = Kind::Site;
    type Name = SiteName;
    type Spec = types::Site;

    fn spec(&self, name: &SiteName, context: &Context) -> Result<types::Site, Fault> {
        let mut routes = BTreeMap::new();
        for (key, route) in &self.routes {
            let target = match route {
                Route::Function(function) => function_of(function, false),
                Route::Table(table) => {
                    let wrong = |message| format!("route \"{key}\": {message}");
                    table.target(|folder| self.folder(name, folder, context)).map_err(wrong)?
                }
            };
            routes.insert(key.clone(), target);
        }
        let cors = self.cors.as_ref().map(Cors::settings);
        let site = types::Site { name: name.clone(), domains: self.domains.clone(), routes, cors };
        site.validate().map_err(|error| error.detail().to_owned())?;
        Ok(site)
    }

    fn references(site: &types::Site) -> Vec<(Kind, String)> {
        let named = site.routes.values().map(|target| match target {
            RouteTarget::Function { function, .. } => (Kind::Function, function.name.to_string()),
            RouteTarget::Files { bucket, .. } => (Kind::Bucket, bucket.to_string()),
        });
        named.collect()
    }

    fn folders(&self, name: &SiteName, context: &Context) -> Result<Vec<Folder>, Fault> {
        let tables = self.routes.values().filter_map(|route| match route {
            Route::Table(RouteTable { files: Some(folder), .. }) => Some(folder),
            _ => None,
        });
        tables.map(|folder| self.folder(name, folder, context).map_err(Fault::from)).collect()
    }
}

impl Site {
    /// The folders that it gives out, relative to the file.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.routes.values().filter_map(|route| match route {
            Route::Table(table) => table.files.as_ref(),
            Route::Function(_) => None,
        })
    }

    fn folder(&self, name: &SiteName, folder: &Path, context: &Context) -> Result<Folder, String> {
        let bucket = self.bucket.clone().or_else(|| site_files::bucket_of(name));
        let bucket =
            bucket.ok_or("the site's name makes no bucket's; give one: bucket = \"NAME\"")?;
        context.folder(name, folder, bucket)
    }
}

fn function_of(function: &QualifiedFunction, strip_prefix: bool) -> RouteTarget {
    RouteTarget::Function { function: function.clone(), strip_prefix }
}

impl RouteTable {
    /// What it says on the wire. `read` looks at a folder.
    fn target(
        &self,
        read: impl Fn(&PathBuf) -> Result<Folder, String>,
    ) -> Result<RouteTarget, String> {
        let Self { function, strip_prefix, files, bucket, prefix, fallback } = self;
        let of_files = prefix.is_some() || fallback.is_some();
        match (function, files, bucket) {
            (Some(_), None, None) if of_files => {
                Err("`prefix` and `fallback` are of files, and this is a function".into())
            }
            (Some(function), None, None) => Ok(function_of(function, *strip_prefix)),
            (None, _, _) if *strip_prefix => {
                Err("`strip-prefix` is of a function; the names of files begin after the path"
                    .into())
            }
            (None, Some(_), None) if prefix.is_some() => {
                Err("`prefix` is of a `bucket`; a folder has one of its own".into())
            }
            (None, Some(folder), None) => {
                let Folder { bucket, prefix, .. } = read(folder)?;
                Ok(RouteTarget::Files { bucket, prefix, fallback: fallback.clone() })
            }
            (None, None, Some(bucket)) => Ok(RouteTarget::Files {
                bucket: bucket.clone(),
                prefix: prefix.clone().unwrap_or_default(),
                fallback: fallback.clone(),
            }),
            _ => Err("it has one of `function`, `files` and `bucket`".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::file::tests::file;
    use super::*;
    use crate::commands::apply::Built;

    const TEXT: &str = r#"
        [functions.f]
        component = "f.wasm"
        [buckets.media]
        [sites.shop]
        domains = ["shop.example.com"]
        [sites.shop.routes]
        "GET /orders/{id}" = "f"
        "/api/*" = { function = "f", strip-prefix = true }
        "/media/*" = { bucket = "media", prefix = "public/" }
        "/*" = { files = "public", fallback = "index.html" }
        [sites.shop.cors]
        allow-origins = ["https://app.example.com"]
        max-age = "1h"
    "#;

    fn project() -> tempfile::TempDir {
        let project = tempfile::tempdir().unwrap();
        let component = wat::parse_str("(component)").unwrap();
        std::fs::write(project.path().join("f.wasm"), component).unwrap();
        std::fs::create_dir(project.path().join("public")).unwrap();
        std::fs::write(project.path().join("public/index.html"), "<p>").unwrap();
        project
    }

    #[test]
    fn a_site_brings_its_folder_and_the_bucket_for_it() {
        let project = project();
        let all = file(TEXT, project.path()).unwrap().wanted(&Built::default()).unwrap();
        let names: Vec<_> = all.iter().map(|wanted| (wanted.kind, wanted.name.as_str())).collect();
        let expected = [
            (Kind::Bucket, "media"),
            (Kind::Function, "f"),
            (Kind::Bucket, "site-shop"),
            (Kind::Site, "shop"),
        ];
        assert_eq!(names, expected);
        let site = &all[3];
        let folder = &site.folders[0];
        let routes = &site.description["routes"];
        assert_eq!(
            routes["/*"],
            json!({ "kind": "files", "bucket": "site-shop", "prefix": folder.prefix, "fallback": "index.html" })
        );
        assert_eq!(routes["/api/*"]["strip_prefix"], true);
        assert_eq!(site.description["cors"]["max_age"], 3600);
        std::fs::write(project.path().join("public/index.html"), "<b>").unwrap();
        let again = file(TEXT, project.path()).unwrap().wanted(&Built::default()).unwrap();
        assert_ne!(again[3].description, site.description);
    }

    #[test]
    fn what_is_wrong_with_a_route_is_told_with_it() {
        let project = project();
        for (from, to, told) in [
            ("\"f\"\n", "\"f g\"\n", "function name has the character ' '"),
            ("\"GET /orders/{id}\"", "\"get /orders\"", "its method is none in capitals"),
            (
                "{ files = \"public\", fallback = \"index.html\" }",
                "{ }",
                "route \"/*\": it has one of `function`, `files` and `bucket`",
            ),
            ("files = \"public\"", "files = \"nowhere\"", "nowhere"),
            (
                "prefix = \"public/\"",
                "prefix = \"public/\", strip-prefix = true",
                "`strip-prefix` is of a function",
            ),
            (
                "files = \"public\"",
                "files = \"public\", prefix = \"a\"",
                "a folder has one of its own",
            ),
            ("strip-prefix = true", "fallback = \"a\"", "this is a function"),
            ("\"/*\" =", "\"POST /*\" =", "can only be read"),
            ("fallback =", "fallbak =", "unknown key `fallbak`"),
            ("[\"https://app", "[\"app", "is no origin"),
            ("= \"media\",", "= \"nope\",", "bucket \"nope\""),
        ] {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            let refused = file(&text, project.path()).and_then(|file| {
                let wanted = file.wanted(&Built::default())?;
                file.check_references(&wanted, |_, _| false)
            });
            let error = refused.unwrap_err().to_string();
            assert!(error.contains(told), "{to}: {error}");
        }
    }
}
