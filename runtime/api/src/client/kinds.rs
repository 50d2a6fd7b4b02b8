use http::Method;
use serde_json::Value;

use super::{Answer, Call, Client, Error};
use crate::kinds::Kind;
use crate::{paths, query};

/// The parameter of a page that follows another.
#[derive(serde::Serialize)]
struct After<'a> {
    after: &'a str,
}

impl Client {
    /// All resources of a kind, as one list.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn all<K: Kind>(&self) -> Result<Answer<K::List>, Error> {
        self.pages(K::COLLECTION, K::PLURAL, "")
    }

    /// Describes a resource.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn describe<K: Kind>(&self, name: &K::Name) -> Result<Answer<K::View>, Error> {
        self.send(Call::new(Method::GET, path::<K>(name)))
    }

    /// Makes a resource, or makes it what `spec` says.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn put<K: Kind>(&self, name: &K::Name, spec: &K::Spec) -> Result<Answer<K::View>, Error> {
        let spec = serde_json::to_value(spec).map_err(Error::unsendable)?;
        let body = spec.to_string();
        let call = Call::new(Method::PUT, path::<K>(name));
        self.send(if spec.is_null() { call } else { call.json(body.as_bytes()) })
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn delete<K: Kind>(&self, name: &K::Name) -> Result<(), Error> {
        self.send::<()>(Call::new(Method::DELETE, path::<K>(name))).map(drop)
    }

    /// All items of a list that comes in pages, as one page. `member` is the one that
    /// holds the items.
    pub(crate) fn pages<T>(
        &self,
        path: &str,
        member: &str,
        parameters: &str,
    ) -> Result<Answer<T>, Error> {
        let mut target = format!("{path}{parameters}");
        let mut items = Vec::new();
        loop {
            let answer: Answer<T> = self.send(Call::new(Method::GET, target))?;
            let mut page = answer.json()?;
            if let Some(Value::Array(more)) = page.get_mut(member).map(Value::take) {
                items.extend(more);
            }
            let next = match page.get("next") {
                Some(Value::String(name)) => name.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => {
                    page[member] = items.into();
                    let body = page.to_string().into_bytes();
                    return Ok(Answer::new(answer.status(), http::HeaderMap::new(), body));
                }
            };
            let after = query::write(&After { after: &next }).map_err(Error::unsendable)?;
            let rest = parameters.strip_prefix('?').map(|rest| format!("&{rest}"));
            target = format!("{path}{after}{}", rest.unwrap_or_default());
        }
    }
}

fn path<K: Kind>(name: &K::Name) -> String {
    paths::fill(K::RESOURCE, &[&name.to_string()])
}

#[cfg(test)]
mod tests {
    use lambent_test_support::canned::{Canned, answer};

    use super::*;
    use crate::kinds::{Bucket, Keyspace, Queue};

    #[test]
    fn lists_are_read_to_their_end() {
        let bucket = |name| format!(r#"{{"name":"{name}","created":"2026-07-01T12:00:00Z"}}"#);
        let server = Canned::start(vec![
            answer("200 OK", &format!(r#"{{"buckets":[{}],"next":"aaa"}}"#, bucket("aaa"))),
            answer("200 OK", &format!(r#"{{"buckets":[{}],"new":7}}"#, bucket("bbb"))),
        ]);
        let all = Client::new(server.endpoint()).all::<Bucket>().unwrap();
        assert_eq!(all.value().unwrap().buckets.len(), 2);
        assert_eq!(all.json().unwrap()["new"], 7);
        assert!(server.requests()[1].starts_with("GET /v1/buckets?after=aaa "));
    }

    #[test]
    fn only_what_there_is_to_say_is_sent() {
        let server = Canned::start(vec![answer("201 Created", "{}"), answer("200 OK", "{}")]);
        let client = Client::new(server.endpoint());
        assert!(client.put::<Keyspace>(&"photos".parse().unwrap(), &()).unwrap().is_created());
        let queue = client.put::<Queue>(&"jobs".parse().unwrap(), &Default::default());
        assert!(!queue.unwrap().is_created());
        let requests = server.requests();
        assert!(requests[0].ends_with("\r\n\r\n"), "{}", requests[0]);
        assert!(requests[1].contains("\"visibility_timeout_ms\":30000"), "{}", requests[1]);
    }
}
