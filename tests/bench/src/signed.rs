//! Requests of AWS's APIs, signed as its SDKs do.

use std::net::SocketAddr;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;

use crate::Failed;

/// What a node in development takes, and its peers too.
const KEY: &str = "test";
const REGION: &str = "us-east-1";

/// A request before it is signed.
pub(crate) struct Ask<'a> {
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl Ask<'_> {
    /// Its bytes, signed as AWS's SDKs do.
    pub(crate) fn signed(&self, address: SocketAddr) -> Result<Vec<u8>, Failed> {
        let identity = Credentials::new(KEY, KEY, None, None, "bench").into();
        let is_s3 = self.service == "s3";
        let mut settings = SigningSettings::default();
        if is_s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(self.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()?
            .into();
        let host = address.to_string();
        let headers = [("host", host.as_str())].into_iter().chain(self.headers.iter().copied());
        let uri = format!("http://{address}{}", self.target);
        let body = SignableBody::Bytes(self.body);
        let request = SignableRequest::new(self.method, uri, headers, body)?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        let mut bytes = format!("{} {} HTTP/1.1\r\nHost: {address}\r\n", self.method, self.target);
        let own = self.headers.iter().map(|(name, value)| (*name, *value));
        for (name, value) in own.chain(instructions.headers()) {
            bytes += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method != "GET" {
            bytes += &format!("Content-Length: {}\r\n", self.body.len());
        }
        bytes += "\r\n";
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(self.body);
        Ok(bytes)
    }
}
