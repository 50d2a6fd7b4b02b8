use std::io::Read;
use std::time::Duration;

use http::{HeaderMap, Method};
use lambent_types::{ConfigurationPatch, FunctionName, Qualifier, VersionDiff, bounds};
use serde_json::Value;

use super::{Answer, Call, Client, Error, Opened, TIMEOUT, Upload};
use crate::{
    CompareVersions, DescribeFunction, FunctionView, Functions, Logs, Qualified, ReadLogs,
    Rollback, Versions, paths, query,
};

/// Compiling has its own, shorter limit in the server.
pub(super) const DEPLOY_TIMEOUT: Duration = Duration::from_secs(600);

/// Items that a page of all is to have.
pub(super) const PAGE: &str = "?limit=100";

pub(crate) fn of(path: &str, name: &FunctionName) -> String {
    paths::fill(path, &[name.as_str()])
}

pub(crate) fn qualified(
    path: &str,
    name: &FunctionName,
    qualifier: Option<&Qualifier>,
) -> Result<String, Error> {
    let query =
        query::write(&Qualified { qualifier: qualifier.cloned() }).map_err(Error::unsendable)?;
    Ok(format!("{}{query}", of(path, name)))
}

impl Client {
    /// All functions, as one list.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn functions(&self) -> Result<Answer<Functions>, Error> {
        self.pages(paths::FUNCTIONS, "functions", PAGE)
    }

    /// Describes a function, or one version of it.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn function(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
    ) -> Result<Answer<FunctionView>, Error> {
        self.send(Call::new(Method::GET, qualified(paths::FUNCTION, name, qualifier)?))
    }

    /// Describes a function, or one version of it, with what its component imports.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn function_with_imports(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
    ) -> Result<Answer<FunctionView>, Error> {
        let query = DescribeFunction { qualifier: qualifier.cloned(), imports: Some(true) };
        let query = query::write(&query).map_err(Error::unsendable)?;
        self.send(Call::new(Method::GET, of(paths::FUNCTION, name) + &query))
    }

    /// Compares two versions of a function.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn diff(
        &self,
        name: &FunctionName,
        from: &Qualifier,
        to: &Qualifier,
    ) -> Result<Answer<VersionDiff>, Error> {
        let query = CompareVersions { from: Some(from.clone()), to: Some(to.clone()) };
        let query = query::write(&query).map_err(Error::unsendable)?;
        self.send(Call::new(Method::GET, of(paths::DIFF, name) + &query))
    }

    /// Creates or updates a function; returns when it is ready to serve. `body` is
    /// what [`Upload::reader`] reads, so that a caller can watch how far it is. With a
    /// revision, only if the function is at that; 0: only if it is new.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn deploy(
        &self,
        name: &FunctionName,
        upload: &Upload<'_>,
        body: &mut dyn Read,
        revision: Option<u64>,
    ) -> Result<Answer<FunctionView>, Error> {
        let call = Call::new(Method::PUT, of(paths::FUNCTION, name))
            .header("content-type", &upload.content_type)
            .stream(body, upload.bytes())
            .timeout(DEPLOY_TIMEOUT);
        self.send(call.if_revision(revision))
    }

    /// Changes a function's configuration.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn configure(
        &self,
        name: &FunctionName,
        patch: &ConfigurationPatch,
        revision: Option<u64>,
    ) -> Result<Answer<FunctionView>, Error> {
        let body = serde_json::to_vec(patch).map_err(Error::unsendable)?;
        let call = Call::new(Method::PATCH, of(paths::FUNCTION, name)).json(&body);
        self.send(call.if_revision(revision))
    }

    /// Deletes a function with all its versions.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_function(&self, name: &FunctionName) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, of(paths::FUNCTION, name))).map(drop)
    }

    /// Opens the component of a function, or of one version of it.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn code(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
    ) -> Result<Opened<'_>, Error> {
        let target = qualified(paths::CODE, name, qualifier)?;
        self.open(Call::new(Method::GET, target).timeout(DEPLOY_TIMEOUT))
    }

    /// All versions of a function, as one list.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn versions(&self, name: &FunctionName) -> Result<Answer<Versions>, Error> {
        self.pages(&of(paths::VERSIONS, name), "versions", PAGE)
    }

    /// Makes a version of what the function is now. It is not
    /// [created](Answer::is_created) if nothing changed since the last one, which is then
    /// the answer.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn publish(&self, name: &FunctionName) -> Result<Answer<FunctionView>, Error> {
        self.send(Call::new(Method::POST, of(paths::VERSIONS, name)))
    }

    /// Deletes one version.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete_version(&self, name: &FunctionName, version: u64) -> Result<(), Error> {
        let target = paths::fill(paths::VERSION, &[name.as_str(), &version.to_string()]);
        self.send::<()>(Call::new(Method::DELETE, target)).map(drop)
    }

    /// Gives a function the code and the configuration of one of its versions.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn rollback(
        &self,
        name: &FunctionName,
        version: u64,
    ) -> Result<Answer<FunctionView>, Error> {
        let body = serde_json::to_vec(&Rollback { version }).map_err(Error::unsendable)?;
        let call = Call::new(Method::POST, of(paths::ROLLBACK, name)).json(&body);
        self.send(call.timeout(DEPLOY_TIMEOUT))
    }

    /// A page of a function's log.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn logs(&self, name: &FunctionName, filter: &ReadLogs) -> Result<Answer<Logs>, Error> {
        let query = query::write(filter).map_err(Error::unsendable)?;
        let call = Call::new(Method::GET, format!("{}{query}", of(paths::LOGS, name)));
        self.send(call.timeout(TIMEOUT + filter.wait.unwrap_or_default()))
    }

    /// A function's log from where the filter begins to its end, as one page.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn all_logs(&self, name: &FunctionName, filter: &ReadLogs) -> Result<Answer<Logs>, Error> {
        let first = self.logs(name, filter)?;
        let mut all = first.json()?;
        let mut filter = ReadLogs { since: None, limit: Some(bounds::PAGE_MAX), ..filter.clone() };
        loop {
            filter.after = all["next"].as_u64();
            let mut more = self.logs(name, &filter)?.json()?;
            let Value::Array(records) = more["records"].take() else { break };
            all["next"] = more["next"].take();
            if records.is_empty() {
                break;
            }
            if let Some(all) = all["records"].as_array_mut() {
                all.extend(records);
            }
        }
        Ok(Answer::new(first.status(), HeaderMap::new(), all.to_string().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    #[test]
    fn all_pages_are_one_list() {
        let server = Canned::start(vec![
            answer("200 OK", r#"{"functions":[{"name":"a"}],"next":"a"}"#),
            answer("200 OK", r#"{"functions":[{"name":"b"}],"next":null}"#),
        ]);
        let all = Client::new(server.endpoint()).functions().unwrap().json().unwrap();
        assert_eq!(all.to_string(), r#"{"functions":[{"name":"a"},{"name":"b"}],"next":null}"#);
        assert!(server.requests()[1].starts_with("GET /v1/functions?after=a&limit=100 "));
    }

    #[test]
    fn a_deploy_carries_its_precondition() {
        let server = Canned::start(vec![answer("201 Created", "{}"), answer("200 OK", "{}")]);
        let client = Client::new(server.endpoint());
        let name = "x".parse().unwrap();
        let upload = Upload::new(b"code", &ConfigurationPatch::default()).unwrap();
        for (revision, created) in [(0, true), (7, false)] {
            let made = client.deploy(&name, &upload, &mut upload.reader(), Some(revision));
            assert_eq!(made.unwrap().is_created(), created);
        }
        let requests = server.requests();
        assert!(requests[0].contains("if-none-match: *"), "{}", requests[0]);
        assert!(requests[1].contains("if-match: \"7\""), "{}", requests[1]);
    }

    #[test]
    fn a_log_is_read_to_its_end() {
        let server = Canned::start(vec![
            answer("200 OK", r#"{"records":[{"cursor":7}],"next":7}"#),
            answer("200 OK", r#"{"records":[{"cursor":8}],"next":8}"#),
            answer("200 OK", r#"{"records":[],"next":8}"#),
        ]);
        let filter = ReadLogs { since: Some("10m".parse().unwrap()), ..ReadLogs::default() };
        let client = Client::new(server.endpoint());
        let all = client.all_logs(&"hello".parse().unwrap(), &filter).unwrap().json().unwrap();
        assert_eq!(all.to_string(), r#"{"next":8,"records":[{"cursor":7},{"cursor":8}]}"#);
        let requests = server.requests();
        assert!(requests[0].contains("/logs?since=600000ms "), "{}", requests[0]);
        assert!(requests[1].contains("/logs?after=7&limit=1000 "), "{}", requests[1]);
    }
}
