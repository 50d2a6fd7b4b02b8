//! The bucket that the host of a request names.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// The domains whose subdomains may be buckets, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Hosts(pub(super) Vec<String>);

impl Hosts {
    /// The bucket that a host, with or without its port, names: `BUCKET.DOMAIN`, `BUCKET.s3.DOMAIN` or
    /// `BUCKET.s3.REGION.DOMAIN`. Names of buckets may have dots.
    pub(super) fn bucket<'h>(&self, host: &'h str) -> Option<&'h str> {
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) => name,
            _ => host,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        let labels = self.0.iter().find_map(|domain| {
            let start = host.len().checked_sub(domain.len())?;
            let (labels, found) = (host.get(..start)?, host.get(start..)?);
            found.eq_ignore_ascii_case(domain).then_some(labels)?.strip_suffix('.')
        })?;
        if labels == "s3" || (labels.starts_with("s3.") && !labels[3..].contains('.')) {
            return None;
        }
        if let Some(bucket) = labels.strip_suffix(".s3") {
            return Some(bucket);
        }
        let of_region = labels.rsplit_once('.').and_then(|(rest, _)| rest.strip_suffix(".s3"));
        Some(of_region.unwrap_or(labels))
    }
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let parsed = VirtualHost::new(host);
        Ok(match self.bucket(host) {
            // Hosts are the same in any case, and buckets have no capitals.
            Some(bucket) => parsed.with_bucket(bucket.to_ascii_lowercase()),
            None => parsed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets() {
        let hosts = Hosts(vec!["fn.example".into(), "localhost".into(), "amazonaws.com".into()]);
        for (host, bucket) in [
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("example.com", None),
            ("s3.localhost:4566", None),
            ("s3.eu-west-1.localhost", None),
            ("photos.localhost:4566", Some("photos")),
            ("photos.LOCALHOST.", Some("photos")),
            ("my.photos.localhost", Some("my.photos")),
            ("photos.s3.localhost:1", Some("photos")),
            ("my.photos.s3.eu-west-1.localhost", Some("my.photos")),
            ("photos.fn.example", Some("photos")),
            ("s3.us-east-1.amazonaws.com", None),
            ("photos.s3.us-east-1.amazonaws.com", Some("photos")),
            ("my.photos.s3.amazonaws.com", Some("my.photos")),
        ] {
            assert_eq!(hosts.bucket(host), bucket, "{host}");
        }
    }
}
