//! Which pages of other origins may use a bucket: what is set of it, the answer to a browser that
//! asks beforehand, and what is added to other answers.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use lambent_service::CorsRule;
use s3s::dto::{
    CORSRule, DeleteBucketCorsInput, DeleteBucketCorsOutput, GetBucketCorsInput,
    GetBucketCorsOutput, PutBucketCorsInput, PutBucketCorsOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::bucket_configuration::settings;
use super::caller::{Buckets, bucket};
use super::error;

/// Most rules of a bucket; S3's.
const RULES_MAX: usize = 100;
const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

fn read_rule(rule: CORSRule) -> S3Result<CorsRule> {
    for method in &rule.allowed_methods {
        if !METHODS.contains(&method.as_str()) {
            return Err(s3_error!(
                InvalidRequest,
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            ));
        }
    }
    let headers = rule.allowed_headers.unwrap_or_default();
    for text in rule.allowed_origins.iter().chain(&headers) {
        if text.matches('*').count() > 1 {
            return Err(s3_error!(
                InvalidRequest,
                "AllowedOrigin or AllowedHeader \"{text}\" can not have more than one wildcard."
            ));
        }
    }
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "A rule has at least one AllowedMethod and one AllowedOrigin"
        ));
    }
    Ok(CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers,
        exposed: rule.expose_headers.unwrap_or_default(),
        max_age: rule.max_age_seconds,
    })
}

fn some(texts: Vec<String>) -> Option<Vec<String>> {
    (!texts.is_empty()).then_some(texts)
}

pub(super) async fn put(
    buckets: &Buckets,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<S3Response<PutBucketCorsOutput>> {
    let input = request.input;
    let rules = input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(s3_error!(MalformedXML, "A CORS configuration has 1 to {RULES_MAX} rules"));
    }
    let rules = rules.into_iter().map(read_rule).collect::<S3Result<Vec<_>>>()?;
    set(buckets, &input.bucket, rules).await?;
    Ok(S3Response::new(PutBucketCorsOutput::default()))
}

async fn set(buckets: &Buckets, name: &str, rules: Vec<CorsRule>) -> S3Result<()> {
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, name)?;
    let set = bucket.change_settings(|settings| settings.cors.clone_from(&rules)).await;
    set.map_err(|error| error::of(&error))
}

pub(super) async fn get(
    buckets: &Buckets,
    request: S3Request<GetBucketCorsInput>,
) -> S3Result<S3Response<GetBucketCorsOutput>> {
    let (_, settings) = settings(buckets, &request.input.bucket).await?;
    if settings.cors.is_empty() {
        return Err(s3_error!(NoSuchCORSConfiguration, "The CORS configuration does not exist"));
    }
    let rules = settings.cors.into_iter().map(|rule| CORSRule {
        allowed_headers: some(rule.headers),
        allowed_methods: rule.methods,
        allowed_origins: rule.origins,
        expose_headers: some(rule.exposed),
        id: rule.id,
        max_age_seconds: rule.max_age,
    });
    Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(rules.collect()) }))
}

pub(super) async fn delete(
    buckets: &Buckets,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<S3Response<DeleteBucketCorsOutput>> {
    set(buckets, &request.input.bucket, Vec::new()).await?;
    Ok(S3Response::new(DeleteBucketCorsOutput::default()))
}

/// Whether a text is one that a pattern with at most one `*` stands for.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len()
                && text.starts_with(before)
                && text.ends_with(after)
        }
    }
}

/// What a page asks for.
struct Asked<'h> {
    origin: &'h str,
    method: &'h str,
    headers: Vec<String>,
}

fn rule_for<'r>(rules: &'r [CorsRule], asked: &Asked<'_>) -> Option<(&'r CorsRule, &'r str)> {
    rules.iter().find_map(|rule| {
        let origin = rule.origins.iter().find(|origin| fits(origin, asked.origin))?;
        let allowed = |header: &String| {
            rule.headers.iter().any(|allowed| fits(&allowed.to_ascii_lowercase(), header))
        };
        let fitting = rule.methods.iter().any(|method| method == asked.method)
            && asked.headers.iter().all(allowed);
        fitting.then_some((rule, origin.as_str()))
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a browser asks what a page may do.
pub(super) fn is_preflight(method: &http::Method, headers: &HeaderMap) -> bool {
    method == http::Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The header fields that say what a page may do; none if it may do nothing.
pub(super) fn preflight(rules: &[CorsRule], headers: &HeaderMap) -> Option<HeaderMap> {
    let listed = text(headers, &ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let listed = listed.split(',').map(|name| name.trim().to_ascii_lowercase());
    let asked = Asked {
        origin: text(headers, &ORIGIN)?,
        method: text(headers, &ACCESS_CONTROL_REQUEST_METHOD)?,
        headers: listed.filter(|name| !name.is_empty()).collect(),
    };
    let (rule, origin) = rule_for(rules, &asked)?;
    let mut told = common(rule, origin, &asked);
    if !asked.headers.is_empty() {
        set_header(&mut told, ACCESS_CONTROL_ALLOW_HEADERS, &asked.headers.join(", "));
    }
    if let Some(seconds) = rule.max_age {
        set_header(&mut told, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    Some(told)
}

/// The header fields by which a page may read an answer.
pub(super) fn readable(rules: &[CorsRule], method: &str, origin: &str) -> Option<HeaderMap> {
    let asked = Asked { origin, method, headers: Vec::new() };
    let (rule, origin) = rule_for(rules, &asked)?;
    Some(common(rule, origin, &asked))
}

fn common(rule: &CorsRule, origin: &str, asked: &Asked<'_>) -> HeaderMap {
    let mut told = HeaderMap::new();
    if origin == "*" {
        set_header(&mut told, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        set_header(&mut told, ACCESS_CONTROL_ALLOW_ORIGIN, asked.origin);
        set_header(&mut told, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set_header(&mut told, ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    if !rule.exposed.is_empty() {
        set_header(&mut told, ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    }
    let varies = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
    set_header(&mut told, VARY, varies);
    told
}

fn set_header(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // What cannot be a header's value is nothing that a browser asked for.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<CorsRule> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let one = CorsRule {
            origins: texts(&["https://*.example.com"]),
            methods: texts(&["PUT"]),
            headers: texts(&["x-amz-*", "Content-Type"]),
            exposed: texts(&["ETag"]),
            max_age: Some(60),
            id: None,
        };
        let other =
            CorsRule { origins: texts(&["*"]), methods: texts(&["GET"]), ..CorsRule::default() };
        vec![one, other]
    }

    fn asks(origin: &str, method: &str, headers: &str) -> Option<HeaderMap> {
        let mut asked = HeaderMap::new();
        asked.insert(ORIGIN, origin.parse().unwrap());
        asked.insert(ACCESS_CONTROL_REQUEST_METHOD, method.parse().unwrap());
        asked.insert(ACCESS_CONTROL_REQUEST_HEADERS, headers.parse().unwrap());
        preflight(&rules(), &asked)
    }

    #[test]
    fn the_first_rule_that_fits_answers() {
        let told = asks("https://a.example.com", "PUT", "X-Amz-Date, content-type").unwrap();
        assert_eq!(told[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example.com");
        assert_eq!(told[ACCESS_CONTROL_ALLOW_HEADERS], "x-amz-date, content-type");
        assert_eq!(told[ACCESS_CONTROL_MAX_AGE], "60");
        assert_eq!(
            asks("https://a.example.com", "GET", "").unwrap()[ACCESS_CONTROL_ALLOW_ORIGIN],
            "*"
        );
        assert!(asks("https://a.example.com", "PUT", "authorization").is_none());
        assert!(asks("https://example.com", "PUT", "").is_none());
        assert!(asks("https://a.example.com", "DELETE", "").is_none());
        assert!(readable(&rules(), "GET", "http://x").is_some());
        assert!(readable(&rules(), "POST", "http://x").is_none());
    }
}
