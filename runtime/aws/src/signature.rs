//! Whether a request was signed with the secret of the key that it names (Signature Version 4).
//!
//! The signature is worked out again by AWS's own signer over what came, and compared. That signer is
//! the same code as in AWS's SDK for Rust.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningParams, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use http::header::HOST;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use lambent_types::Digest;
use subtle::ConstantTimeEq as _;

use crate::credential::Credential;
use crate::fault::{AuthFault, Fault};

/// How far the clocks of client and node may be apart; AWS's.
const SKEW: Duration = Duration::from_secs(15 * 60);
/// The longest that a URL may be good for; AWS's.
pub(crate) const EXPIRES_MAX: u64 = 7 * 24 * 3600;
const TIME_FORM: &str = "%Y%m%dT%H%M%SZ";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// The parameters of a URL that are not signed as its others: the signer adds them itself.
const PRESIGNED: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// What of a signature can be known to be wrong before it is worked out: fails unless it is of now, and
/// of all that has to be signed. Returns when it was made.
pub(crate) fn check_head(
    credential: &Credential,
    head: &Parts,
    now: Timestamp,
) -> Result<Timestamp, Fault> {
    let time = time_of(credential)?;
    check_time(credential, time, now)?;
    check_signed_headers(credential, head)?;
    Ok(time)
}

/// Fails unless the request was signed with `secret`, at `time`, with a body of this digest.
pub(crate) fn verify(
    credential: &Credential,
    secret: &str,
    head: &Parts,
    digest: &str,
    time: Timestamp,
) -> Result<(), Fault> {
    let body = SignableBody::Precomputed(digest.to_owned());
    let computed = compute(credential, secret, head, body, time).map_err(|error| {
        tracing::debug!(%error, "a request cannot be signed again");
        mismatch()
    })?;
    match computed.as_bytes().ct_eq(credential.signature.as_bytes()).into() {
        true => Ok(()),
        false => Err(mismatch()),
    }
}

/// The digest of a body, as signatures have it: in hexadecimal.
pub(crate) fn digest(body: &[u8]) -> String {
    Digest::of(body).to_string()
}

/// The digest that a request says its body has, if it says one.
pub(crate) fn said_digest(head: &Parts) -> Option<&str> {
    let said = head.headers.get(CONTENT_SHA256)?.to_str().ok()?;
    (said.len() == 64 && said.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(said)
}

/// If the digest of the body is said, it must be that of the body.
pub(crate) fn check_digest(head: &Parts, digest: &str) -> Result<(), Fault> {
    let Some(said) = head.headers.get(CONTENT_SHA256) else { return Ok(()) };
    match said.as_bytes().ct_eq(digest.as_bytes()).into() {
        true => Ok(()),
        false => {
            let detail =
                "The provided 'x-amz-content-sha256' header does not match what was computed.";
            Err(Fault::auth(AuthFault::Mismatch, detail))
        }
    }
}

fn mismatch() -> Fault {
    Fault::auth(
        AuthFault::Mismatch,
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details.",
    )
}

pub(crate) fn time_of(credential: &Credential) -> Result<Timestamp, Fault> {
    let Credential { time, date, .. } = credential;
    let parsed = DateTime::strptime(TIME_FORM, time).ok();
    let parsed =
        parsed.and_then(|time| time.to_zoned(TimeZone::UTC).ok()).map(|zoned| zoned.timestamp());
    let parsed = parsed.ok_or_else(|| {
        let time: String = time.chars().take(40).collect();
        let detail = format!("Date must be in ISO-8601 'basic format'. Got '{time}'");
        Fault::auth(AuthFault::Incomplete, detail)
    })?;
    if !time.starts_with(date.as_str()) {
        let detail =
            "Date in Credential scope does not match YYYYMMDD from the date of the request";
        return Err(Fault::auth(AuthFault::Mismatch, detail));
    }
    Ok(parsed)
}

/// A signature is good for as long as clocks may be apart, and that of a URL for as long as it says.
fn check_time(credential: &Credential, signed: Timestamp, now: Timestamp) -> Result<(), Fault> {
    let compact = |time: Timestamp| time.strftime(TIME_FORM).to_string();
    let expired = |detail: String| Err(Fault::auth(AuthFault::Expired, detail));
    if let Some(expires) = credential.expires {
        if !(1..=EXPIRES_MAX).contains(&expires) {
            let detail = format!("X-Amz-Expires must be 1 to {EXPIRES_MAX} seconds");
            return Err(Fault::auth(AuthFault::Incomplete, detail));
        }
        if signed.checked_add(Duration::from_secs(expires)).is_ok_and(|end| end < now) {
            return expired(format!(
                "Signature expired: the URL was good until {expires} seconds after {}",
                compact(signed)
            ));
        }
    }
    let earliest = now.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
    if credential.expires.is_none() && signed < earliest {
        return expired(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            compact(signed),
            compact(earliest),
            compact(now)
        ));
    }
    if signed > latest {
        return expired(format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            compact(signed),
            compact(latest),
            compact(now)
        ));
    }
    Ok(())
}

/// The host and what is AWS's must be signed: nobody on the way can change it then.
pub(crate) fn check_signed_headers(credential: &Credential, head: &Parts) -> Result<(), Fault> {
    let signed = |name: &str| credential.signed_headers.iter().any(|signed| signed == name);
    let mut own = head.headers.keys().map(http::HeaderName::as_str);
    let unsigned = own.find(|name| name.starts_with("x-amz-") && !signed(name));
    let unsigned = unsigned.or_else(|| (!signed(HOST.as_str())).then_some(HOST.as_str()));
    let Some(unsigned) = unsigned else { return Ok(()) };
    let detail = format!("'{unsigned}' must be a 'SignedHeader' in the AWS Authorization");
    Err(Fault::auth(AuthFault::Mismatch, detail))
}

type SigningFailure = Box<dyn std::error::Error + Send + Sync>;

/// The signature that a request has with `secret`.
pub(crate) fn compute(
    credential: &Credential,
    secret: &str,
    head: &Parts,
    body: SignableBody<'_>,
    time: Timestamp,
) -> Result<String, SigningFailure> {
    let presigned = credential.expires;
    let identity = credentials(credential, secret).into();
    let settings = settings(&credential.service, presigned.map(Duration::from_secs));
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(&credential.region)
        .name(&credential.service)
        .time(SystemTime::from(time))
        .settings(settings)
        .build()?
        .into();
    let mut headers = Vec::with_capacity(credential.signed_headers.len());
    for name in &credential.signed_headers {
        for value in head.headers.get_all(name) {
            headers.push((name.as_str(), value.to_str()?));
        }
    }
    let uri = uri(head, presigned.is_some())?;
    let request = SignableRequest::new(head.method.as_str(), uri, headers.into_iter(), body)?;
    Ok(sign(request, &parameters)?.into_parts().1)
}

fn credentials(credential: &Credential, secret: &str) -> Credentials {
    let Credential { access_key, token, .. } = credential;
    Credentials::new(access_key.clone(), secret, token.clone(), None, "node")
}

/// How requests to a service are signed; where a URL is to be good for some time, in its query.
fn settings(service: &str, good_for: Option<Duration>) -> SigningSettings {
    let mut settings = SigningSettings::default();
    // S3 alone signs paths as they are, since its keys may be anything.
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    } else {
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
    }
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.session_token_mode = SessionTokenMode::Include;
    settings.excluded_headers = None;
    if good_for.is_some() {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = good_for;
    }
    settings
}

/// A URL that whoever has it may get for so long, as if whoever signed with `credential` asked.
pub(crate) fn presigned(
    credential: &Credential,
    secret: &str,
    url: &str,
    good_for: Duration,
) -> Result<String, SigningFailure> {
    let identity = credentials(credential, secret).into();
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(&credential.region)
        .name(&credential.service)
        .time(SystemTime::now())
        .settings(settings(&credential.service, Some(good_for)))
        .build()?
        .into();
    let mut request = Request::get(url).body(())?;
    let nothing = SignableBody::Bytes(b"");
    let signable = SignableRequest::new("GET", url, std::iter::empty(), nothing)?;
    sign(signable, &parameters)?.into_parts().0.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

/// The URI that was signed, as the signer takes it.
fn uri(head: &Parts, presigned: bool) -> Result<String, SigningFailure> {
    let host = head.headers.get(HOST).map(|host| host.to_str()).transpose()?;
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let host = host.or(authority).ok_or("there is no host")?;
    let query = head.uri.query().unwrap_or_default();
    let is_signed = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        !presigned || !PRESIGNED.contains(&name)
    };
    let query: Vec<_> = query.split('&').filter(is_signed).collect();
    let (path, query) = (head.uri.path(), query.join("&"));
    Ok(format!("http://{host}{path}{}{query}", if query.is_empty() { "" } else { "?" }))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// The request of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-examples.html>
    /// for `ListUsers`, with the signature that is shown there.
    fn documented() -> Parts {
        let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("host", "iam.amazonaws.com")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("x-amz-date", "20150830T123600Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            );
        request.body(()).unwrap().into_parts().0
    }

    fn verified(head: &Parts, secret: &str, body: &[u8], now: &str) -> Result<(), String> {
        let credential = Credential::of(head).unwrap().unwrap();
        let now = now.parse().unwrap();
        let verified = || {
            let time = check_head(&credential, head, now)?;
            let digest = digest(body);
            check_digest(head, &digest)?;
            verify(&credential, secret, head, &digest, time)
        };
        verified().map_err(|fault: Fault| fault.message.to_string())
    }

    #[test]
    fn the_documented_request_is_signed() {
        assert_eq!(verified(&documented(), SECRET, b"", "2015-08-30T12:36:10Z"), Ok(()));
    }

    #[test]
    fn nothing_of_it_can_be_changed() {
        let now = "2015-08-30T12:36:10Z";
        let refused = |head: &Parts, secret: &str, body: &[u8]| {
            assert!(verified(head, secret, body, now).unwrap_err().contains("does not match"));
        };
        refused(&documented(), "another", b"");
        refused(&documented(), SECRET, b"a body");
        let mut head = documented();
        head.uri = "/?Action=DeleteUser&Version=2010-05-08".parse().unwrap();
        refused(&head, SECRET, b"");
        let mut head = documented();
        head.headers.insert("host", "elsewhere".parse().unwrap());
        refused(&head, SECRET, b"");
        let mut head = documented();
        head.method = http::Method::POST;
        refused(&head, SECRET, b"");
    }

    #[test]
    fn what_is_not_signed_and_matters_is_refused() {
        let mut head = documented();
        head.headers.insert("x-amz-invocation-type", "Event".parse().unwrap());
        let told = verified(&head, SECRET, b"", "2015-08-30T12:36:10Z").unwrap_err();
        assert!(told.contains("'x-amz-invocation-type' must be a 'SignedHeader'"), "{told}");
    }

    #[test]
    fn clocks_may_be_a_quarter_of_an_hour_apart() {
        let at = |now| verified(&documented(), SECRET, b"", now);
        assert_eq!(at("2015-08-30T12:50:59Z"), Ok(()));
        assert_eq!(at("2015-08-30T12:21:01Z"), Ok(()));
        assert!(at("2015-08-30T12:56:00Z").unwrap_err().contains("Signature expired"));
        assert!(at("2015-08-30T12:16:00Z").unwrap_err().contains("not yet current"));
    }
}
