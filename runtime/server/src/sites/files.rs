//! Files of a site: objects of a bucket, found as web servers find files.

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_RANGE, ETAG, LAST_MODIFIED, LOCATION, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use lambent_api::headers::METADATA_PREFIX;
use lambent_service::BucketHandle;
use lambent_types::{ErrorCode, bounds};

use crate::api::read_object;
use crate::body::Content;
use crate::problem::Refusal;
use crate::router;

/// The file of a folder.
const INDEX: &str = "index.html";

/// The page for what is not there.
const NOT_FOUND: &str = "404.html";

/// A file that says nothing of how long it is kept is asked for again each time, so that what is
/// put anew is seen at once; mostly the answer is that it is the same.
const CACHE_DEFAULT: HeaderValue = HeaderValue::from_static("no-cache");

/// The objects that a route gives out.
pub(super) struct Folder<'s> {
    bucket: BucketHandle<'s>,
    prefix: &'s str,
    fallback: Option<&'s str>,
}

impl<'s> Folder<'s> {
    pub(super) const fn new(
        bucket: BucketHandle<'s>,
        prefix: &'s str,
        fallback: Option<&'s str>,
    ) -> Self {
        Self { bucket, prefix, fallback }
    }

    /// The file that a request is for. `before` is how many bytes of its path are the route's, or
    /// none where the route is for that path alone.
    ///
    /// A path that ends in a slash is for the `index.html` there. Another is for the file of the
    /// name, with `.html` if there is none; then for the folder, to whose path the client is
    /// sent.
    pub(super) async fn answer<B>(
        &self,
        request: &Request<B>,
        before: Option<usize>,
    ) -> Result<Response<Content>, Refusal> {
        let (method, path) = (request.method(), request.uri().path());
        if method != Method::GET && method != Method::HEAD {
            return Err(Refusal::method(method, "GET, HEAD"));
        }
        let rest = &path[before.unwrap_or(0)..];
        let Some(name) = decoded(rest)? else { return self.missing(request).await };
        for candidate in candidates(&name) {
            let (key, is_folder) = (candidate.key(), matches!(candidate, Candidate::Folder(_)));
            match self.read(request, &key).await? {
                Some(_) if is_folder => return Ok(to_folder(request)),
                Some(file) => return Ok(file),
                None => {}
            }
        }
        self.missing(request).await
    }

    /// What is answered for what is not there: the page of the application if a page is asked for,
    /// else that of the site for such cases.
    async fn missing<B>(&self, request: &Request<B>) -> Result<Response<Content>, Refusal> {
        let mut page = match self.fallback.filter(|_| wants_page(request.headers())) {
            Some(fallback) => self.read(request, fallback).await?,
            None => None,
        };
        if page.is_none() {
            page = self.not_found(request.method()).await?;
        }
        // Whether there is a fallback or not: what a cache keeps is for who asks alike.
        let vary = self.fallback.map(|_| (VARY, HeaderValue::from_static("accept")));
        let Some(mut page) = page else {
            let path: String = request.uri().path().chars().take(200).collect();
            let refusal = Refusal::new(ErrorCode::NotFound, format!("no file is at {path:?}"));
            return Err(refusal.with([(CACHE_CONTROL, CACHE_DEFAULT)]).with(vary));
        };
        page.headers_mut().extend(vary);
        Ok(page)
    }

    /// The page for what is not there, if there is one.
    async fn not_found(&self, method: &Method) -> Result<Option<Response<Content>>, Refusal> {
        // Nobody has such a page already, nor wants a part of it.
        let mut bare = Request::new(());
        *bare.method_mut() = method.clone();
        Ok(self.read(&bare, NOT_FOUND).await?.map(|mut page| {
            *page.status_mut() = StatusCode::NOT_FOUND;
            page.headers_mut().remove(ETAG);
            page.headers_mut().remove(LAST_MODIFIED);
            page
        }))
    }

    /// Reads a file, if there is one of the name.
    async fn read<B>(
        &self,
        request: &Request<B>,
        name: &str,
    ) -> Result<Option<Response<Content>>, Refusal> {
        let key = format!("{}{name}", self.prefix);
        if key.is_empty() || key.len() > bounds::OBJECT_KEY_BYTES_MAX {
            return Ok(None);
        }
        let mut response = match read_object(&self.bucket, &key, request).await {
            Ok(response) => response,
            // That the bucket is gone is the business of whoever has the site.
            Err(refusal) if is_missing(&refusal) => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            let range = response.headers_mut().remove(CONTENT_RANGE);
            return Err(refusal.with(range.map(|range| (CONTENT_RANGE, range))));
        }
        let headers = response.headers_mut();
        // What its writer attached is for those who may read the bucket.
        let attached = headers.keys().filter(|name| name.as_str().starts_with(METADATA_PREFIX));
        for name in attached.cloned().collect::<Vec<_>>() {
            headers.remove(name);
        }
        headers.entry(CACHE_CONTROL).or_insert(CACHE_DEFAULT);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(Some(response.map(Content::Api)))
    }
}

/// The path of a file, undone of its percent-encodings; none if a segment has a slash of its own,
/// which no file has in its name and another route might not have let through.
fn decoded(rest: &str) -> Result<Option<String>, Refusal> {
    let segments: Vec<_> = rest.split('/').map(router::decode).collect::<Result<_, _>>()?;
    let has_slash = segments.iter().any(|segment| segment.contains('/'));
    Ok((!has_slash).then(|| segments.join("/")))
}

fn is_missing(refusal: &Refusal) -> bool {
    let codes = [ErrorCode::ObjectNotFound, ErrorCode::BucketNotFound];
    codes.iter().any(|code| refusal.code() == code.as_str())
}

/// What a path may be for.
#[derive(Debug, PartialEq, Eq)]
enum Candidate {
    /// The file of this name.
    File(String),
    /// The folder of this name, if it has an index.
    Folder(String),
}

impl Candidate {
    fn key(&self) -> String {
        match self {
            Self::File(name) => name.clone(),
            Self::Folder(name) if name.is_empty() => INDEX.into(),
            Self::Folder(name) => format!("{name}/{INDEX}"),
        }
    }
}

/// What the rest of a path may be for, in this order. It begins with a slash, or is empty where
/// the path is that of the route without its last slash.
fn candidates(rest: &str) -> Vec<Candidate> {
    let Some(name) = rest.strip_prefix('/') else {
        return vec![Candidate::Folder(String::new())];
    };
    if name.is_empty() || name.ends_with('/') {
        return vec![Candidate::File(format!("{name}{INDEX}"))];
    }
    let file = |name: String| Candidate::File(name);
    vec![file(name.into()), file(format!("{name}.html")), Candidate::Folder(name.into())]
}

/// Sends the client to the path of a folder, to which what its page names is relative. In the path
/// alone, so that it stays with the host that it asked.
fn to_folder<B>(request: &Request<B>) -> Response<Content> {
    let uri = request.uri();
    // Two slashes at the beginning would be another host, and browsers take a backslash for a slash.
    let path = format!("/{}/", uri.path().trim_matches('/').replace('\\', "%5C"));
    let target = uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    let mut response = Response::new(Content::Whole(None));
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(target) = HeaderValue::try_from(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// Whether a browser goes to a page, and does not load something for one.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepts.flat_map(|value| value.split(','));
    types.any(|one| one.split(';').next().is_some_and(|name| name.trim() == "text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_for_a_file_then_a_page_then_a_folder() {
        let keys = |rest: &str| -> Vec<_> { candidates(rest).iter().map(Candidate::key).collect() };
        assert_eq!(keys("/"), ["index.html"]);
        assert_eq!(keys("/docs/"), ["docs/index.html"]);
        assert_eq!(keys("/docs"), ["docs", "docs.html", "docs/index.html"]);
        assert_eq!(keys(""), ["index.html"]);
        assert_eq!(candidates(""), [Candidate::Folder(String::new())]);
    }

    #[test]
    fn a_client_is_sent_to_no_other_host() {
        for (path, target) in [
            ("/docs", "/docs/"),
            ("/\\evil.example", "/%5Cevil.example/"),
            ("/docs?a=1", "/docs/?a=1"),
            ("//evil.example", "/evil.example/"),
        ] {
            let request = Request::builder().uri(path).body(()).unwrap();
            assert_eq!(to_folder(&request).headers()[LOCATION], target);
        }
    }

    #[test]
    fn only_who_goes_to_a_page_gets_that_of_the_application() {
        let wants = |accept: &'static str| {
            wants_page(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(wants("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"));
        assert!(
            !wants("*/*") && !wants("image/avif,image/webp,*/*") && !wants_page(&HeaderMap::new())
        );
    }
}
