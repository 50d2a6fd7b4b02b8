//! Cross-origin resource sharing: which pages of other origins may use what a site or a function serves.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::host_pattern::is_host_name;
use crate::limits::bounds;

/// What browsers are told of pages of other origins, by the CORS protocol of the Fetch standard.
/// The members are those of a Lambda function URL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// The origins whose pages may read the responses, such as `https://app.example.com`; `*` is
    /// any. At most 20.
    #[serde(default)]
    pub allow_origins: Vec<String>,
    /// The methods that they may use, beside those that every page may (GET, HEAD and POST of a
    /// form); `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// The header fields that they may send; `*` is any but `authorization`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// The header fields of the response that they may read, beside those that they always may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// Whether cookies and other credentials come with their requests. Then nothing is `*`.
    #[serde(default)]
    pub allow_credentials: bool,
    /// Seconds for which a browser need not ask again: at most 86,400.
    #[serde(default)]
    pub max_age: u32,
}

/// Stands for all.
pub(crate) const ANY: &str = "*";

impl Cors {
    /// Whether nothing is said of it, as where pages of other origins may do nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that browsers understand it.
    ///
    /// # Errors
    /// `InvalidConfiguration`.
    pub fn validate(&self) -> Result<(), Error> {
        let lists = [
            ("allow_origins", &self.allow_origins, is_origin as fn(&str) -> bool),
            ("allow_methods", &self.allow_methods, is_method),
            ("allow_headers", &self.allow_headers, is_token),
            ("expose_headers", &self.expose_headers, is_token),
        ];
        if self.allow_origins.is_empty() {
            return invalid(
                "cors allows no origin; give allow_origins, such as https://app.example.com".into(),
            );
        }
        for (member, list, fits) in lists {
            if list.len() > bounds::CORS_ENTRIES_MAX {
                let (most, has) = (bounds::CORS_ENTRIES_MAX, list.len());
                return invalid(format!("{member} of cors has {has} entries; the most is {most}"));
            }
            if let Some(odd) = list.iter().find(|entry| *entry != ANY && !fits(entry)) {
                return invalid(format!("{member} of cors: {odd:?} {}", expected(member)));
            }
            let any = list.iter().any(|entry| entry == ANY);
            if any && list.len() > 1 {
                return invalid(format!(
                    "{member} of cors: \"*\" is all there is; leave the others out"
                ));
            }
            if any && self.allow_credentials {
                return invalid(format!(
                    "{member} of cors is \"*\", which browsers take for nothing where \
                     allow_credentials is true; name what is allowed"
                ));
            }
        }
        if self.max_age > bounds::CORS_MAX_AGE_SECONDS_MAX {
            let most = bounds::CORS_MAX_AGE_SECONDS_MAX;
            return invalid(format!(
                "max_age of cors is {} seconds; the most is {most}",
                self.max_age
            ));
        }
        Ok(())
    }
}

fn invalid<T>(detail: String) -> Result<T, Error> {
    Err(Error::new(ErrorCode::InvalidConfiguration, detail))
}

fn expected(member: &str) -> &'static str {
    match member {
        "allow_origins" => {
            "is no origin; write https://app.example.com, with no path and no slash at its end"
        }
        "allow_methods" => "is no method in capitals, such as PUT",
        _ => "is no name of a header field",
    }
}

/// Whether a text is an origin as browsers send it: scheme, host and, unless it is the scheme's
/// own, port. `null` is none, since any page can have that one.
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_of_scheme = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"+-.".contains(&c);
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an address are within its brackets.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_port = |port: &str| {
        let standard = matches!((scheme, port), ("https", "443") | ("http", "80"));
        port.parse::<u16>().is_ok_and(|number| number.to_string() == port && number > 0)
            && !standard
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(host) || host.parse::<Ipv4Addr>().is_ok(),
    };
    !scheme.is_empty() && scheme.bytes().all(is_of_scheme) && is_host && port.is_none_or(is_port)
}

/// Whether a text is a method, none of which has small letters.
pub(crate) fn is_method(text: &str) -> bool {
    is_token(text) && !text.bytes().any(|c| c.is_ascii_lowercase())
}

/// Whether a text is a token of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    !text.is_empty() && text.len() <= 256 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origin: &str) -> Cors {
        Cors {
            allow_origins: vec![origin.into()],
            allow_methods: vec!["PUT".into()],
            allow_headers: vec!["x-trace".into()],
            expose_headers: vec![],
            allow_credentials: true,
            max_age: 60,
        }
    }

    #[test]
    fn an_origin_is_what_browsers_send() {
        for good in
            ["https://a.example", "http://localhost:3000", "http://[::1]:8080", "tauri://localhost"]
        {
            cors(good).validate().unwrap();
        }
        for bad in [
            "a.example",
            "https://a.example/",
            "https://A.example",
            "null",
            "",
            "https://",
            "https://u@a",
            "https://*.a",
            "https://a:443",
            "https://:8080",
            "https://a:",
            "https://a:99999",
            "https://a:0",
            "https://[zz",
            "https://[zz]",
        ] {
            let error = cors(bad).validate().unwrap_err();
            assert!(error.detail().contains("is no origin"), "{bad}: {}", error.detail());
        }
    }

    #[test]
    fn what_browsers_would_not_understand_is_refused() {
        for (change, told) in [
            (r#"{"allow_origins": []}"#, "allows no origin"),
            (r#"{"allow_origins": ["*"], "allow_credentials": true}"#, "take for nothing"),
            (
                r#"{"allow_origins": ["https://a"], "allow_headers": ["*"], "allow_credentials": true}"#,
                "take for nothing",
            ),
            (r#"{"allow_origins": ["*", "https://a"]}"#, "leave the others out"),
            (r#"{"allow_origins": ["*"], "allow_methods": ["put"]}"#, "no method in capitals"),
            (r#"{"allow_origins": ["*"], "expose_headers": ["a b"]}"#, "no name of a header"),
            (r#"{"allow_origins": ["*"], "max_age": 86401}"#, "the most is 86400"),
        ] {
            let cors: Cors = serde_json::from_str(change).unwrap();
            let error = cors.validate().unwrap_err();
            assert!(error.detail().contains(told), "{change}: {}", error.detail());
        }
        let any: Cors = serde_json::from_str(r#"{"allow_origins": ["*"]}"#).unwrap();
        any.validate().unwrap();
    }
}
