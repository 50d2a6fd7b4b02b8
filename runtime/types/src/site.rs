//! Sites: what answers under one host, by routes.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cors::Cors;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::host_pattern::is_host_name;
use crate::limits::bounds;
use crate::name::{BucketName, name};
use crate::qualifier::QualifiedFunction;
use crate::quota::Quota;
use crate::route_key::RouteKey;
use crate::specification::{ResourceKind, Specification};

name!(
    /// A site's name: `[A-Za-z0-9_-]{1,64}`, unique in its namespace ignoring case.
    SiteName,
    "site name"
);

/// What answers under one host: functions and files, by routes.
///
/// Its host is `<site>.<domain>`, or `<site>.<namespace>.<domain>` outside of the default
/// namespace, for each domain of the node; a site comes before a function of the same name. It has
/// its own `domains` beside that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The site's name.
    #[schema(value_type = String)]
    pub name: SiteName,
    /// Hosts of its own, such as `shop.example.com`. No two sites of a node have the same, and only
    /// whoever administers the node gives a site one. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// What answers, by method and path: `GET /orders/{id}`, `/api/*` or `/*`. Of those that fit a
    /// request the most specific answers it. At most 200.
    #[schema(value_type = BTreeMap<String, RouteTarget>)]
    pub routes: BTreeMap<RouteKey, RouteTarget>,
    /// What pages of other origins may do; nothing if it is not given. With it, the site answers
    /// what browsers ask beforehand, and what functions say of it themselves is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
}

/// What answers the requests of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RouteTarget {
    /// A function. Who may call it is what the function says, as under its own URL.
    Function {
        /// The function: its name, and a version or an alias after a colon if it is not to be its
        /// head.
        #[schema(value_type = String)]
        function: QualifiedFunction,
        /// Whether the function sees only what follows the path before `/*`. It is told the rest in
        /// `x-forwarded-prefix`.
        #[serde(default)]
        strip_prefix: bool,
    },
    /// Objects of a bucket, which anybody may read through the site. What follows the path before `/*` is
    /// the key, after `prefix`.
    Files {
        /// The bucket.
        #[schema(value_type = String)]
        bucket: BucketName,
        /// What the keys of the files begin with.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// The file for requests that no file fits and that ask for a page: that of an application
        /// which has its routes in the browser.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<String>,
    },
}

impl Specification for Site {
    const KIND: ResourceKind = ResourceKind { noun: "site", quota: Quota::Sites };
    type Name = SiteName;

    fn name(&self) -> &SiteName {
        &self.name
    }
}

impl Site {
    /// Checks everything that can be checked without knowing what else there is.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn validate(&self) -> Result<(), Error> {
        count("domains", self.domains.len(), 0, bounds::SITE_DOMAINS_MAX)?;
        count("routes", self.routes.len(), 1, bounds::SITE_ROUTES_MAX)?;
        for (index, domain) in self.domains.iter().enumerate() {
            check_domain(domain)?;
            if self.domains[..index].contains(domain) {
                return invalid(format!("domain {domain:?} is given twice"));
            }
        }
        for (key, target) in &self.routes {
            check_target(key, target)?;
        }
        let mut shapes = HashMap::new();
        for key in self.routes.keys() {
            if let Some(other) = shapes.insert(key.shape(), key) {
                return invalid(format!("routes \"{other}\" and \"{key}\" fit the same requests"));
            }
        }
        self.cors.as_ref().map_or(Ok(()), Cors::validate)
    }
}

fn check_target(key: &RouteKey, target: &RouteTarget) -> Result<(), Error> {
    match target {
        RouteTarget::Function { strip_prefix: true, .. } if !key.is_open() => {
            invalid(format!("route \"{key}\" strips a prefix and does not end in /*"))
        }
        RouteTarget::Files { .. } if key.has_parameters() => {
            invalid(format!("route \"{key}\" is of files, whose path has no {{parameter}}"))
        }
        RouteTarget::Files { .. } if !matches!(key.method(), None | Some("GET")) => invalid(
            format!("route \"{key}\" is of files, which can only be read; leave the method out"),
        ),
        RouteTarget::Files { prefix, fallback, .. } => {
            let longest = fallback.as_ref().map_or(0, String::len);
            if prefix.len() + longest > bounds::OBJECT_KEY_BYTES_MAX {
                let most = bounds::OBJECT_KEY_BYTES_MAX;
                return invalid(format!("route \"{key}\" has keys of more than {most} bytes"));
            }
            Ok(())
        }
        RouteTarget::Function { .. } => Ok(()),
    }
}

fn check_domain(domain: &str) -> Result<(), Error> {
    let local = domain == "localhost" || domain.ends_with(".localhost");
    if is_host_name(domain) && domain.contains('.') && !local {
        return Ok(());
    }
    invalid(format!(
        "{domain:?} is no domain of a site; write a name of DNS in lower case such as \
         shop.example.com, without scheme and port, in its xn-- form if it has other letters"
    ))
}

fn count(what: &str, is: usize, least: usize, most: usize) -> Result<(), Error> {
    if (least..=most).contains(&is) {
        return Ok(());
    }
    invalid(format!("a site has {least} to {most} {what}, and this one {is}"))
}

fn invalid<T>(detail: String) -> Result<T, Error> {
    Err(Error::new(ErrorCode::InvalidConfiguration, detail))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn site(members: Value) -> Result<Site, String> {
        let mut whole =
            json!({ "name": "shop", "routes": { "/*": { "kind": "function", "function": "f" } } });
        for (name, value) in members.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let site: Site = serde_json::from_value(whole).map_err(|error| error.to_string())?;
        site.validate().map_err(|error| error.detail().to_owned())?;
        Ok(site)
    }

    #[test]
    fn a_site_is_checked_as_a_whole() {
        let files = json!({ "kind": "files", "bucket": "site-files" });
        let function = json!({ "kind": "function", "function": "f", "strip_prefix": true });
        site(json!({ "domains": ["shop.example.com", "www.shop.example.com"] })).unwrap();
        site(json!({ "routes": { "/*": files, "/api/*": function, "GET /favicon.ico": files } }))
            .unwrap();
        for (members, told) in [
            (json!({ "routes": {} }), "1 to 200 routes, and this one 0"),
            (json!({ "domains": ["a.example", "a.example"] }), "given twice"),
            (json!({ "domains": ["localhost"] }), "no domain of a site"),
            (json!({ "domains": ["x.localhost"] }), "no domain of a site"),
            (json!({ "domains": ["127.0.0.1"] }), "no domain of a site"),
            (json!({ "domains": ["Shop.example.com"] }), "lower case"),
            (json!({ "domains": ["https://a.example"] }), "without scheme"),
            (json!({ "domains": ["a.example:8443"] }), "without scheme and port"),
            (json!({ "domains": ["com"] }), "no domain of a site"),
            (json!({ "routes": { "/api": function } }), "does not end in /*"),
            (json!({ "routes": { "/{a}/*": files } }), "no {parameter}"),
            (json!({ "routes": { "POST /*": files } }), "can only be read"),
            (
                json!({ "routes": { "/a/{b}": { "kind": "function", "function": "f" },
                "/a/{c}": { "kind": "function", "function": "f" } } }),
                "the same requests",
            ),
            (json!({ "routes": { "a": files } }), "begins with a slash"),
            (json!({ "cors": { "allow_origins": [] } }), "no origin"),
            (json!({ "route": 1 }), "unknown field `route`"),
        ] {
            let error = site(members.clone()).unwrap_err();
            assert!(error.contains(told), "{members}: {error}");
        }
    }
}
