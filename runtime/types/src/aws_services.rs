//! Services of AWS's that a function calls at AWS, and not at its own node.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::bounds;

/// The domains of AWS's services.
const DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
/// Labels of a host that say how a service is reached, and not which it is.
const VARIANTS: [&str; 2] = ["dualstack", "fips"];

/// The name of a service of AWS's as it is in the hosts of its endpoints, such as `bedrock-runtime`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AwsServiceName(String);

/// A text that is no name of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of an AWS service; give it as it is in the host of its endpoint, in 1 to 63 characters of \
     a-z 0-9 -, such as bedrock-runtime"
)]
pub struct InvalidAwsServiceName(String);

impl AwsServiceName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AwsServiceName {
    type Err = InvalidAwsServiceName;

    fn from_str(text: &str) -> Result<Self, InvalidAwsServiceName> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_label = (1..=63).contains(&text.len()) && text.chars().all(allowed);
        // A region is where a service is.
        if is_label && !text.starts_with('-') && !text.ends_with('-') && !is_region(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidAwsServiceName(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for AwsServiceName {
    type Error = InvalidAwsServiceName;

    fn try_from(text: String) -> Result<Self, InvalidAwsServiceName> {
        text.parse()
    }
}

impl From<AwsServiceName> for String {
    fn from(name: AwsServiceName) -> Self {
        name.0
    }
}

impl fmt::Display for AwsServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the requests for a service go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AwsRoute {
    /// To AWS, over the network.
    Egress,
}

impl AwsRoute {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Egress => "egress",
        }
    }
}

impl FromStr for AwsRoute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(40).collect();
        match text {
            "egress" => Ok(Self::Egress),
            _ => Err(format!("{shown:?} is nowhere to send requests to; give egress")),
        }
    }
}

/// The services of AWS's that a function calls at AWS, with a key of its own. A service that is named here needs
/// no grant of its hosts; requests for all others are for the function's own node, whatever key they are
/// signed with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, AwsRoute>)]
pub struct AwsServices(pub BTreeMap<AwsServiceName, AwsRoute>);

impl AwsServices {
    /// Whether none are named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether requests to this host, which is in lower case, go to AWS.
    #[must_use]
    pub fn lead_to(&self, host: &str) -> bool {
        let named = |service: &str| self.0.keys().any(|name| name.as_str() == service);
        !self.is_empty() && service_at(host).is_some_and(named)
    }

    /// What is wrong with them, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        let (count, most) = (self.0.len(), bounds::AWS_SERVICES_MAX);
        (count > most).then(|| format!("{count} services are named in aws; the most is {most}"))
    }
}

/// As it is given on a command line: `bedrock-runtime=egress,monitoring=egress`.
impl FromStr for AwsServices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut services = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let shown: String = part.chars().take(80).collect();
            let (name, route) =
                part.split_once('=').ok_or_else(|| format!("{shown:?} does not end in =egress"))?;
            let name: AwsServiceName =
                name.parse().map_err(|error: InvalidAwsServiceName| error.to_string())?;
            if services.insert(name, route.parse()?).is_some() {
                return Err(format!("{shown:?} is there twice"));
            }
        }
        let services = Self(services);
        services.fault().map_or(Ok(services), Err)
    }
}

impl fmt::Display for AwsServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, route)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}={}", route.as_str())?;
        }
        Ok(())
    }
}

/// Whether a host, which is in lower case, is of AWS's services.
#[must_use]
pub fn is_aws_host(host: &str) -> bool {
    DOMAINS.iter().any(|domain| host.ends_with(domain))
}

/// The service whose endpoint a host of AWS's is. It is the last label before the region: what is before it, such
/// as a bucket, is chosen by whoever has an account there.
fn service_at(host: &str) -> Option<&str> {
    let labels = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain))?;
    let mut labels = labels.rsplit('.');
    let mut label = labels.next()?;
    if is_region(label) {
        label = labels.next()?;
    }
    if VARIANTS.contains(&label) {
        label = labels.next()?;
    }
    Some(label.strip_suffix("-fips").unwrap_or(label))
}

/// Whether a label is that of a region, such as `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let mut parts = label.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let words: Vec<_> = parts.collect();
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase()) && word.len() > 1;
    number.len() == 1
        && number.chars().all(|c| c.is_ascii_digit())
        && words.len() >= 2
        && words.iter().all(is_word)
        && words.last().is_some_and(|first| matches!(first.len(), 2 | 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_of_the_service_before_its_region() {
        for (host, service) in [
            ("bedrock-runtime.us-east-1.amazonaws.com", Some("bedrock-runtime")),
            ("bedrock-runtime.us-east-1.api.aws", Some("bedrock-runtime")),
            ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("bedrock-runtime")),
            ("sqs.cn-north-1.amazonaws.com.cn", Some("sqs")),
            ("sts.amazonaws.com", Some("sts")),
            ("photos.s3.dualstack.eu-west-1.amazonaws.com", Some("s3")),
            ("runtime.sagemaker.eu-west-1.amazonaws.com", Some("sagemaker")),
            // What is chosen by others is no service.
            ("bedrock-runtime.s3.us-east-1.amazonaws.com", Some("s3")),
            ("bedrock-runtime.us-east-1.elb.amazonaws.com", Some("elb")),
            ("bedrock-runtime.us-east-1.s3.amazonaws.com", Some("s3")),
            ("us-east-1.amazonaws.com", None),
            ("bedrock-runtime.us-east-1.amazonaws.com.evil.example", None),
            ("bedrock-runtime.us-east-1.evilamazonaws.com", None),
            ("amazonaws.com", None),
        ] {
            assert_eq!(service_at(host), service, "{host}");
        }
    }

    #[test]
    fn what_is_named_leads_to_aws_and_nothing_else() {
        let services: AwsServices = "bedrock-runtime=egress, monitoring=egress".parse().unwrap();
        assert_eq!(services.to_string(), "bedrock-runtime=egress,monitoring=egress");
        assert!(services.lead_to("monitoring.eu-west-1.amazonaws.com"));
        assert!(!services.lead_to("s3.eu-west-1.amazonaws.com"));
        assert!(!AwsServices::default().lead_to("s3.eu-west-1.amazonaws.com"));
        let json = r#"{"bedrock-runtime":"egress","monitoring":"egress"}"#;
        assert_eq!(serde_json::from_str::<AwsServices>(json).unwrap(), services);
        assert_eq!("".parse(), Ok(AwsServices::default()));
    }

    #[test]
    fn what_is_wrong_with_them_is_said() {
        let many: Vec<_> = (0..60).map(|n| format!("s{n}=egress")).collect();
        for (text, told) in [
            ("bedrock", "does not end in =egress"),
            ("bedrock=home", "give egress"),
            ("Bedrock=egress", "no name of an AWS service"),
            ("*=egress", "no name of an AWS service"),
            ("a.b=egress", "no name of an AWS service"),
            ("us-east-1=egress", "no name of an AWS service"),
            ("=egress", "no name of an AWS service"),
            ("s3=egress,s3=egress", "twice"),
            (&many.join(","), "the most is 50"),
        ] {
            let error = text.parse::<AwsServices>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
