//! Lists of objects, of parts and of uploads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambent_service::{BucketHandle, ListObjects, Object, ObjectPage};
use lambent_types::{account_number, bounds};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    self, ChecksumAlgorithm, CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ObjectStorageClass, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::caller::{Buckets, bucket};
use super::description::{self, number};
use super::{checksum, error, time};

/// What stays as it is in a key that is written as in a URL.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b'*');

/// How keys are written in an answer.
pub(super) struct Encoding(bool);

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some(EncodingType::URL) => Ok(Self(true)),
            Some(_) => {
                Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn text(&self, text: String) -> String {
        if self.0 { utf8_percent_encode(&text, KEY).to_string() } else { text }
    }

    pub(super) fn some(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    pub(super) fn prefixes(&self, prefixes: Vec<String>) -> Option<Vec<CommonPrefix>> {
        let prefixes: Vec<CommonPrefix> = prefixes
            .into_iter()
            .map(|prefix| CommonPrefix { prefix: Some(self.text(prefix)) })
            .collect();
        (!prefixes.is_empty()).then_some(prefixes)
    }
}

/// How many there may be on a page.
pub(super) fn limit(asked: Option<i32>, what: &str) -> S3Result<usize> {
    let asked = asked.map_or(Ok(bounds::PAGE_MAX), usize::try_from);
    let asked = asked.map_err(|_| {
        s3_error!(InvalidArgument, "Argument {what} must be an integer between 0 and 2147483647")
    })?;
    Ok(asked.min(bounds::PAGE_MAX))
}

pub(super) fn owner(bucket: &BucketHandle<'_>) -> Owner {
    let account = account_number(bucket.namespace());
    Owner { display_name: Some(account.clone()), id: Some(account) }
}

/// What is asked of a list.
struct Asked {
    prefix: Option<String>,
    delimiter: Option<String>,
    after: Option<String>,
    limit: usize,
}

async fn page(bucket: &BucketHandle<'_>, asked: Asked) -> S3Result<ObjectPage> {
    let Asked { prefix, delimiter, after, limit } = asked;
    if limit == 0 {
        bucket.describe().await.map_err(|error| error::of(&error))?;
        return Ok(ObjectPage { objects: Vec::new(), common_prefixes: Vec::new(), next: None });
    }
    let (prefix, delimiter) =
        (prefix.unwrap_or_default(), delimiter.filter(|text| !text.is_empty()));
    let list =
        ListObjects { prefix, delimiter, after: after.filter(|text| !text.is_empty()), limit };
    bucket.list(list).await.map_err(|error| error::of(&error))
}

fn shown(object: Object, encoding: &Encoding, owner: Option<&Owner>) -> dto::Object {
    let kind = object.checksum.as_ref().map(|checksum| checksum.kind);
    dto::Object {
        checksum_algorithm: kind
            .map(|kind| vec![ChecksumAlgorithm::from_static(checksum::name(kind.algorithm))]),
        checksum_type: kind.map(checksum::type_of),
        e_tag: Some(description::etag(&object)),
        last_modified: Some(time::out(object.modified)),
        owner: owner.cloned(),
        size: Some(number(object.size)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        key: Some(encoding.text(object.key)),
        ..Default::default()
    }
}

pub(super) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) async fn objects(
    buckets: &Buckets,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    let asked = Asked {
        prefix: input.prefix.clone(),
        delimiter: input.delimiter.clone(),
        after: input.marker.clone(),
        limit,
    };
    let page = page(&bucket, asked).await?;
    let owner = owner(&bucket);
    let grouped = input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty());
    let output = ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.unwrap_or_default())),
        marker: Some(encoding.text(input.marker.unwrap_or_default())),
        max_keys: Some(count(limit)),
        is_truncated: Some(page.next.is_some()),
        next_marker: encoding.some(page.next.filter(|_| grouped)),
        contents: Some(
            page.objects.into_iter().map(|object| shown(object, &encoding, Some(&owner))).collect(),
        ),
        common_prefixes: encoding.prefixes(page.common_prefixes),
        delimiter: encoding.some(input.delimiter.filter(|delimiter| !delimiter.is_empty())),
        encoding_type: input.encoding_type,
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn objects_v2(
    buckets: &Buckets,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let scope = buckets.scope().await?;
    let bucket = bucket(&scope, &input.bucket)?;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    let asked = input.continuation_token.as_deref().filter(|token| !token.is_empty());
    let continued = asked.map(untoken).transpose()?;
    let asked = Asked {
        prefix: input.prefix.clone(),
        delimiter: input.delimiter.clone(),
        after: continued.or_else(|| input.start_after.clone()),
        limit,
    };
    let page = page(&bucket, asked).await?;
    let owner = (input.fetch_owner == Some(true)).then(|| owner(&bucket));
    let output = ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.unwrap_or_default())),
        max_keys: Some(count(limit)),
        key_count: Some(count(page.objects.len() + page.common_prefixes.len())),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(token),
        contents: Some(
            page.objects
                .into_iter()
                .map(|object| shown(object, &encoding, owner.as_ref()))
                .collect(),
        ),
        common_prefixes: encoding.prefixes(page.common_prefixes),
        delimiter: encoding.some(input.delimiter.filter(|delimiter| !delimiter.is_empty())),
        encoding_type: input.encoding_type,
        start_after: encoding.some(input.start_after),
        ..Default::default()
    };
    Ok(S3Response::new(output))
}

/// What says where to go on.
pub(super) fn token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(after)
}

/// The key that a token continues after.
pub(super) fn untoken(token: &str) -> S3Result<String> {
    let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| !key.is_empty())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_in_urls_if_asked() {
        let url = EncodingType::from_static(EncodingType::URL);
        let encoding = Encoding::of(Some(&url)).unwrap();
        assert_eq!(encoding.text("a b/c+d\u{1}é~".into()), "a%20b/c%2Bd%01%C3%A9~");
        assert_eq!(Encoding::of(None).unwrap().text("a b".into()), "a b");
        assert!(Encoding::of(Some(&EncodingType::from("x".to_owned()))).is_err());
    }

    #[test]
    fn tokens_are_read_back() {
        assert_eq!(untoken(&token("a/b é")).unwrap(), "a/b é");
        for bad in ["", "*", "_w"] {
            assert!(untoken(bad).is_err(), "{bad}");
        }
    }
}
