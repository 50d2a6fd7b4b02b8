//! Which route of a site a request is for.

use http::Method;
use lambent_types::{Namespace, RouteKey, RouteTarget, Segment, Site, normalized};

/// A site with its routes in the order in which they are tried.
#[derive(Debug, PartialEq, Eq)]
pub struct RoutedSite {
    namespace: Namespace,
    site: Site,
    routes: Vec<(RouteKey, RouteTarget)>,
}

/// What a request to a site is for.
#[derive(Debug, PartialEq, Eq)]
pub enum Routed<'s> {
    /// A target.
    To {
        /// What answers.
        target: &'s RouteTarget,
        /// How many bytes of the request's path come before what `/*` stands for; none where the
        /// route does not end in that.
        before: Option<usize>,
    },
    /// No route for its method; the methods for which there are some.
    Method(Vec<&'s str>),
    /// No route at all.
    Nothing,
}

impl RoutedSite {
    pub(crate) fn new(namespace: Namespace, site: Site) -> Self {
        let mut routes: Vec<_> = site.routes.clone().into_iter().collect();
        routes.sort_by_cached_key(|(key, _)| order(key));
        Self { namespace, site, routes }
    }

    /// The namespace that it is in.
    #[must_use]
    pub const fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The site.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The most specific route that fits a request: of two, the one that has a segment of its own
    /// where the other has first a parameter or `/*`; then the one that names the method. HEAD is
    /// served by what serves GET.
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Routed<'_> {
        let Some(normal) = normalized(path) else { return Routed::Nothing };
        let segments: Vec<_> = normal.strip_prefix('/').unwrap_or(&normal).split('/').collect();
        let mut methods = Vec::new();
        for (key, target) in self.routes.iter().filter(|(key, _)| fits(key, &segments)) {
            match key.method() {
                Some(own) if !serves(own, method) => {
                    methods.push(own);
                    methods.extend((own == "GET").then_some("HEAD"));
                }
                _ => {
                    let before = key.is_open().then(|| before(path, key.segments().len()));
                    return Routed::To { target, before };
                }
            }
        }
        methods.sort_unstable();
        methods.dedup();
        if methods.is_empty() { Routed::Nothing } else { Routed::Method(methods) }
    }
}

/// What orders routes by how specific they are.
fn order(key: &RouteKey) -> (Vec<u8>, bool, bool) {
    let rank = |segment: &Segment| u8::from(matches!(segment, Segment::Parameter(_)));
    let end = if key.is_open() { 2 } else { 0 };
    let ranks = key.segments().iter().map(rank).chain([end]).collect();
    // What is for HEAD comes before what is for GET and serves it, too.
    (ranks, key.method().is_none(), key.method() != Some("HEAD"))
}

/// Whether a route is for a path of these segments.
fn fits(key: &RouteKey, path: &[&str]) -> bool {
    let own = key.segments();
    if path.len() < own.len() || (path.len() > own.len() && !key.is_open()) {
        return false;
    }
    own.iter().zip(path).all(|(own, segment)| match own {
        Segment::Literal(own) => own == segment,
        Segment::Parameter(_) => !segment.is_empty(),
    })
}

fn serves(own: &str, method: &Method) -> bool {
    own == method.as_str() || own == "GET" && method == Method::HEAD
}

/// How long the first segments of a path are, with the slash before each.
fn before(path: &str, segments: usize) -> usize {
    let mut slashes = path.match_indices('/').skip(segments);
    slashes.next().map_or(path.len(), |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn site(keys: &[&str]) -> RoutedSite {
        let route = |key: &&str| {
            ((*key).to_owned(), json!({ "kind": "function", "function": function(key) }))
        };
        let routes: Map<_, _> = keys.iter().map(route).collect();
        let site = serde_json::from_value(json!({ "name": "s", "routes": routes })).unwrap();
        RoutedSite::new(Namespace::default(), site)
    }

    /// A name that tells the key.
    fn function(key: &str) -> String {
        key.bytes().map(|c| format!("{c:02x}")).collect()
    }

    fn routed(site: &RoutedSite, method: &str, path: &str) -> String {
        match site.route(&method.parse().unwrap(), path) {
            Routed::To { target: RouteTarget::Function { function: name, .. }, before } => {
                let key = site
                    .site
                    .routes
                    .keys()
                    .find(|key| function(&key.to_string()) == name.to_string());
                format!("{} {}", key.unwrap(), before.map_or("-", |before| &path[before..]))
            }
            Routed::Method(methods) => methods.join(","),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_most_specific_route_answers() {
        let site = site(&[
            "/*",
            "GET /*",
            "/api/*",
            "/api/orders",
            "GET /api/orders/{id}",
            "/api/{kind}/all",
            "/api/orders/all",
            "POST /hook/",
        ]);
        for (method, path, expected) in [
            ("GET", "/", "GET /* /"),
            ("HEAD", "/x", "GET /* /x"),
            ("POST", "/x", "/* /x"),
            ("GET", "/api", "/api/* "),
            ("GET", "/api/", "/api/* /"),
            ("GET", "/apix", "GET /* /apix"),
            ("GET", "/%61pi/a%2Fb//", "/api/* /a%2Fb//"),
            ("GET", "/api/orders", "/api/orders -"),
            ("GET", "/api/orders/", "/api/* /orders/"),
            ("GET", "/api/orders/7", "GET /api/orders/{id} -"),
            ("POST", "/api/orders/7", "/api/* /orders/7"),
            ("GET", "/api/orders/all", "/api/orders/all -"),
            ("GET", "/api/things/all", "/api/{kind}/all -"),
            ("POST", "/hook/", "POST /hook/ -"),
            ("PUT", "/hook/", "/* /hook/"),
            ("GET", "/%zz", "Nothing"),
        ] {
            assert_eq!(routed(&site, method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_route_for_head_is_for_head() {
        let site = site(&["GET /a", "HEAD /a"]);
        assert_eq!(routed(&site, "HEAD", "/a"), "HEAD /a -");
        assert_eq!(routed(&site, "GET", "/a"), "GET /a -");
    }

    #[test]
    fn the_methods_that_there_are_are_told() {
        let site = site(&["GET /a", "PUT /a", "DELETE /b/{x}"]);
        for (method, path, expected) in [
            ("POST", "/a", "GET,HEAD,PUT"),
            ("OPTIONS", "/a", "GET,HEAD,PUT"),
            ("GET", "/b/1", "DELETE"),
            ("GET", "/b/", "Nothing"),
            ("GET", "/", "Nothing"),
        ] {
            assert_eq!(routed(&site, method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_an_open_route_stands_for_begins_after_its_segments() {
        let site = site(&["/a/{b}/*"]);
        assert_eq!(routed(&site, "GET", "/%61/%2F/c/d"), "/a/{b}/* /c/d");
        assert_eq!(routed(&site, "GET", "/a/b"), "/a/{b}/* ");
        assert_eq!(routed(&site, "GET", "/a//c"), "Nothing");
    }
}
