//! From a method and a path to the operation.

use std::sync::LazyLock;

use http::{Method, StatusCode};
use matchit::Router;
use percent_encoding::percent_decode_str;

use super::table::OPERATIONS;
use crate::fault::Fault;
use crate::operation::Operation;

/// What the query says where paths do not tell an operation from another.
const BY_QUERY: [(&str, &str); 2] = [
    ("List=ALL", "ListProvisionedConcurrencyConfigs"),
    ("find=LayerVersion", "GetLayerVersionByArn"),
];

/// The operations at each path.
static ROUTES: LazyLock<Router<Vec<&'static Operation>>> = LazyLock::new(|| {
    let mut at = std::collections::BTreeMap::<&str, Vec<&Operation>>::new();
    for operation in OPERATIONS {
        if let Some((_, path)) = &operation.at {
            at.entry(path).or_default().push(operation);
        }
    }
    let mut router = Router::new();
    for (path, operations) in at {
        if let Err(error) = router.insert(path, operations) {
            tracing::error!(path, %error, "two paths of Lambda's API are one");
        }
    }
    router
});

type Found = (&'static Operation, Vec<(String, String)>);

/// The operation, and what its path gives, decoded. Older SDKs put a slash behind some paths.
pub(super) fn find(
    method: &Method,
    path: &str,
    query: Option<&str>,
) -> Result<Option<Found>, Fault> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Ok(matched) = ROUTES.at(path) else { return Ok(None) };
    let said = |what: &str| query.unwrap_or_default().split('&').any(|parameter| parameter == what);
    let here = || {
        let all = matched.value.iter().copied();
        all.filter(|operation| operation.at.as_ref().is_some_and(|(at, _)| at == method))
    };
    let by_query =
        |operation: &Operation| BY_QUERY.iter().find(|(_, name)| *name == operation.name);
    let asked = here().find(|operation| by_query(operation).is_some_and(|(query, _)| said(query)));
    let Some(operation) = asked.or_else(|| here().find(|operation| by_query(operation).is_none()))
    else {
        return Ok(None);
    };
    let mut decoded = Vec::new();
    for (name, value) in matched.params.iter() {
        let value = percent_decode_str(value).decode_utf8().map_err(|_| {
            let message = format!("'{name}' in the path is not UTF-8");
            Fault::new(StatusCode::BAD_REQUEST, "ValidationException", message)
        })?;
        decoded.push((name.to_owned(), value.into_owned()));
    }
    Ok(Some((operation, decoded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: Method, path: &str, query: Option<&str>) -> Option<&'static str> {
        find(&method, path, query).unwrap().map(|(operation, _)| operation.name)
    }

    #[test]
    fn operations_are_told_by_method_path_and_query() {
        assert_eq!(named(Method::GET, "/2015-03-31/functions/", None), Some("ListFunctions"));
        assert_eq!(named(Method::POST, "/2015-03-31/functions", None), Some("CreateFunction"));
        let path = "/2019-09-30/functions/f/provisioned-concurrency";
        let list = Some("ListProvisionedConcurrencyConfigs");
        assert_eq!(named(Method::GET, path, Some("List=ALL&MaxItems=2")), list);
        let get = Some("GetProvisionedConcurrencyConfig");
        assert_eq!(named(Method::GET, path, Some("Qualifier=1")), get);
        assert_eq!(named(Method::GET, "/2018-10-31/layers", None), Some("ListLayers"));
        assert_eq!(named(Method::GET, "/2015-03-31/nothing", None), None);
        assert_eq!(named(Method::PUT, "/2015-03-31/functions", None), None);
    }

    #[test]
    fn every_operation_is_found_at_its_path() {
        for operation in OPERATIONS {
            let (method, path) = operation.at.as_ref().unwrap();
            let query = BY_QUERY.iter().find(|(_, name)| *name == operation.name);
            let query = query.map(|(query, _)| *query);
            let path = path.replace(['{', '}'], "");
            assert_eq!(named(method.clone(), &path, query), Some(operation.name));
        }
    }

    #[test]
    fn names_in_paths_are_decoded() {
        let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A0%3Afunction%3Af/code";
        let (_, parameters) = find(&Method::PUT, path, None).unwrap().unwrap();
        assert_eq!(parameters, [("FunctionName".into(), "arn:aws:lambda:r:0:function:f".into())]);
    }
}
