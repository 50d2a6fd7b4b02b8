//! S3 over the buckets and objects of a node.
//!
//! The crate `s3s` knows the protocol: which operation a request is, its XML, its signature, the
//! signatures of its chunks, and forms. What is here translates operations for the service layer.

mod bucket_configuration;
mod buckets;
mod caller;
mod checksum;
mod conditions;
mod copies;
mod cors;
mod description;
mod door;
mod error;
mod form;
mod found;
mod host;
mod intake;
mod lifecycle;
mod limits;
mod listing;
mod multipart;
mod notifications;
mod objects;
mod operations;
mod reading;
mod resigning;
mod tagging;
mod time;
mod upload_listing;
mod versions;

pub(crate) use caller::Signer;
pub(crate) use door::{S3Door, is_signed, is_unsigned, streams};
pub(crate) use operations::OPERATIONS;

pub(crate) const NAME: &str = "S3";
/// Most bytes of the body of a request that writes an object: those of a part, and what the signatures
/// of its chunks take.
pub(crate) const STREAM_BYTES_MAX: u64 = lambent_types::bounds::PART_BYTES_MAX / 64 * 65;
/// Most bytes of any other: a form with a file, or the longest XML.
pub(crate) const BODY_BYTES_MAX: u64 = FORM_FILE_BYTES_MAX + (1 << 20);
/// Most bytes of the file of a form, which is read whole before it is written.
const FORM_FILE_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of XML: the longest is a list of ten thousand parts with a checksum each.
const XML_BYTES_MAX: usize = 4 << 20;
