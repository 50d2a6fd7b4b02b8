//! What is said of an object beside its bytes, between S3's members and those of the service.

use std::collections::BTreeMap;

use lambent_service::{Object, PutObject};
use lambent_types::bounds;
use s3s::dto::{self, ETag, StorageClass};
use s3s::{S3Result, s3_error};

use super::{error, tagging, time};

/// What S3 takes an object for that nobody has given a media type.
const MEDIA_TYPE: &str = "binary/octet-stream";
/// How a body comes, and not what an object is.
const CHUNKED: &str = "aws-chunked";

/// What a client gives with an object; every input of `s3s` that makes one has these members.
#[derive(Default)]
pub(super) struct Given {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) expires: Option<dto::Timestamp>,
    pub(super) metadata: Option<dto::Metadata>,
    pub(super) tagging: Option<String>,
}

/// Takes what an input says of an object.
macro_rules! taken {
    ($input:expr) => {
        $crate::s3::description::Given {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
            expires: $input.expires.take(),
            metadata: $input.metadata.take(),
            tagging: $input.tagging.take(),
        }
    };
}
pub(super) use taken;

/// Refuses what an input asks for that a node does not have.
macro_rules! check_features {
    ($input:expr) => {{
        let input = &$input;
        $crate::s3::description::Features {
            acl: input.acl.as_ref().map(|acl| acl.as_str()),
            grants: input.grant_full_control.is_some()
                || input.grant_read.is_some()
                || input.grant_read_acp.is_some()
                || input.grant_write_acp.is_some(),
            encryption: input.server_side_encryption.is_some()
                || input.sse_customer_algorithm.is_some()
                || input.ssekms_key_id.is_some(),
            lock: input.object_lock_mode.is_some()
                || input.object_lock_legal_hold_status.is_some()
                || input.object_lock_retain_until_date.is_some(),
            redirect: input.website_redirect_location.is_some(),
            storage_class: input.storage_class.as_ref().map(|class| class.as_str()),
        }
        .check()
    }};
}
pub(super) use check_features;

/// What a client may ask for of an object that a node does not have.
pub(super) struct Features<'i> {
    pub(super) acl: Option<&'i str>,
    pub(super) grants: bool,
    pub(super) encryption: bool,
    pub(super) lock: bool,
    pub(super) redirect: bool,
    pub(super) storage_class: Option<&'i str>,
}

impl Features<'_> {
    pub(super) fn check(self) -> S3Result<()> {
        check_acl(self.acl, self.grants)?;
        if self.encryption {
            return Err(error::not_served("server-side encryption"));
        }
        if self.lock {
            return Err(error::not_served("object lock"));
        }
        if self.redirect {
            return Err(error::not_served("redirects of websites"));
        }
        match self.storage_class {
            None | Some(StorageClass::STANDARD) => Ok(()),
            Some(_) => Err(s3_error!(
                InvalidStorageClass,
                "The storage class you specified is not valid: this node has STANDARD alone"
            )),
        }
    }
}

/// Access is by keys, as of a bucket of S3's whose owner owns all of its objects.
pub(super) fn check_acl(canned: Option<&str>, grants: bool) -> S3Result<()> {
    match canned {
        None | Some("private" | "bucket-owner-full-control") if !grants => Ok(()),
        _ => Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs")),
    }
}

impl Given {
    /// What is to be written.
    pub(super) fn put(self) -> S3Result<PutObject> {
        let expires = self.expires.as_ref().and_then(time::http_date);
        let encoding = self.content_encoding.as_deref().and_then(without_chunks);
        let headers = [
            ("cache-control", self.cache_control),
            ("content-disposition", self.content_disposition),
            ("content-encoding", encoding),
            ("content-language", self.content_language),
            ("expires", expires),
        ];
        let headers = headers.into_iter().filter_map(|(name, value)| {
            Some((name.to_owned(), value.filter(|value| !value.is_empty())?))
        });
        let metadata: BTreeMap<String, String> =
            self.metadata.unwrap_or_default().into_iter().collect();
        let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > bounds::OBJECT_METADATA_BYTES_MAX {
            return Err(s3_error!(
                MetadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size"
            ));
        }
        let tags = self.tagging.as_deref().map(tagging::of_header).transpose()?;
        Ok(PutObject {
            content_type: self.content_type.filter(|text| !text.is_empty()),
            headers: headers.collect(),
            metadata,
            tags: tags.unwrap_or_default(),
            ..PutObject::default()
        })
    }
}

fn without_chunks(encoding: &str) -> Option<String> {
    let kept: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|coding| *coding != CHUNKED).collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

pub(super) fn etag(object: &Object) -> ETag {
    ETag::Strong(object.etag.clone())
}

pub(super) fn media_type(object: &Object) -> String {
    object.content_type.clone().unwrap_or_else(|| MEDIA_TYPE.to_owned())
}

pub(super) fn header(object: &Object, name: &str) -> Option<String> {
    object.headers.get(name).cloned()
}

pub(super) fn metadata(object: &Object) -> Option<dto::Metadata> {
    (!object.metadata.is_empty()).then(|| object.metadata.clone().into_iter().collect())
}

pub(super) fn expires(object: &Object) -> Option<dto::Timestamp> {
    time::of_http_date(object.headers.get("expires")?)
}

/// A number as S3's members have it.
pub(super) fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
