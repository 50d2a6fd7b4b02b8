//! Code as requests bring it: in the request itself, or in an object of a bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use lambent_package::{Builder, Format, Limits};
use lambent_service::{Deployed, FunctionHandle};
use lambent_types::{BucketName, ConfigurationPatch, ErrorCode, Precondition, RuntimeName};
use serde::Deserialize;

use super::configuration::runtime_name;
use super::error::{fault, invalid};
use crate::call::Call;
use crate::fault::Fault;

/// How every WebAssembly module and component begins.
const WASM_MAGIC: &[u8] = b"\0asm";
/// The program in an archive of what brings its own runtime.
const BOOTSTRAP: &str = "bootstrap";
/// The runtime of programs, whatever it is called.
const PROVIDED: &str = "provided.al2023";
/// Names of runtimes under which people upload components.
const WASM_RUNTIME: &str = "wasm";

/// Where code is. One of its forms is given.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CodeSource {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_object_version: Option<String>,
    image_uri: Option<String>,
}

/// Code as a request brings it.
pub(super) enum Given {
    /// The code itself.
    Upload(Bytes),
    /// A reference to an image, which the node fetches.
    Image(String),
}

impl Given {
    /// Whether it is WebAssembly or an archive, whatever is in it; what is fetched is.
    pub(super) fn is_code(&self) -> bool {
        match self {
            Self::Upload(upload) => is_code(upload),
            Self::Image(_) => true,
        }
    }

    /// The runtime that is to run it; none if it runs by itself.
    ///
    /// Tools cannot upload without naming a runtime, so `provided…` stands for a component too: it is a
    /// program of its own runtime if it is the file `bootstrap` of an archive, as Lambda wants it, or if the
    /// handler says so. An image names no runtime, and is a program by its handler alone.
    pub(super) async fn runtime(
        &self,
        named: Option<RuntimeName>,
        handler: Option<&str>,
    ) -> Result<Option<RuntimeName>, Fault> {
        let is_program = handler == Some(BOOTSTRAP);
        let upload = match self {
            Self::Upload(upload) => upload,
            Self::Image(_) => return is_program.then(|| runtime_name(PROVIDED)).transpose(),
        };
        let Some(named) = named.filter(|named| !named.as_str().starts_with(WASM_RUNTIME)) else {
            return Ok(None);
        };
        if !named.is_provided() {
            return Ok(Some(named));
        }
        // Opening an archive takes a while: not on a thread that serves others.
        let archive = upload.clone();
        let is_program = is_program
            || tokio::task::spawn_blocking(move || holds_bootstrap(&archive))
                .await
                .unwrap_or(false);
        Ok(is_program.then_some(named))
    }

    /// Makes it the code of a function.
    pub(super) async fn deploy(
        &self,
        handle: &FunctionHandle<'_>,
        patch: ConfigurationPatch,
        expected: &Precondition,
    ) -> Result<Deployed, lambent_types::Error> {
        match self {
            Self::Upload(upload) => handle.deploy_or_store(upload.clone(), patch, expected).await,
            Self::Image(image) => handle.deploy_image(image, patch, expected).await,
        }
    }
}

impl CodeSource {
    /// Reads it.
    pub(super) async fn read(self, call: &Call) -> Result<Given, Fault> {
        if let Some(image) = self.image_uri {
            if self.zip_file.is_some() || self.s3_bucket.is_some() || self.s3_key.is_some() {
                return Err(invalid(
                    "Please do not provide other FunctionCode parameters when providing an ImageUri.",
                ));
            }
            return Ok(Given::Image(image));
        }
        self.upload(call).await.map(Given::Upload)
    }

    /// Reads what is no image.
    pub(super) async fn upload(self, call: &Call) -> Result<Bytes, Fault> {
        match (self.zip_file, self.s3_bucket, self.s3_key) {
            (Some(text), None, None) => decoded(text).await,
            (None, Some(bucket), Some(key)) => {
                if self.s3_object_version.is_some() {
                    return Err(invalid("S3ObjectVersion is not served: buckets have no versions"));
                }
                object(call, &bucket, &key).await
            }
            (None, Some(_), None) => Err(invalid("S3Bucket is given without S3Key")),
            (None, None, Some(_)) => Err(invalid("S3Key is given without S3Bucket")),
            (None, None, None) => Err(invalid(
                "Please provide a source for function code: ZipFile, or S3Bucket and S3Key",
            )),
            (Some(_), ..) => Err(invalid(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.",
            )),
        }
    }
}

async fn decoded(text: String) -> Result<Bytes, Fault> {
    let decode = move || STANDARD.decode(text).map(Bytes::from);
    let decoded = tokio::task::spawn_blocking(decode).await;
    let decoded = decoded.ok().and_then(Result::ok);
    decoded.ok_or_else(|| {
        Fault::bad_request("SerializationException", "ZipFile cannot be read: it is not base64")
    })
}

async fn object(call: &Call, bucket: &str, key: &str) -> Result<Bytes, Fault> {
    let limit = Limits::LAMBDA.uploaded_bytes;
    let handle = call.scope.handle::<BucketName>(bucket);
    let found = async {
        let handle = handle?;
        let object = handle.head(key).await?;
        if object.size > limit {
            let detail = format!("the object is larger than {limit} bytes");
            return Err(lambent_types::Error::new(ErrorCode::PayloadTooLarge, detail));
        }
        let (_, stream) = handle.get(key, None).await?;
        let collected = stream.try_fold(BytesMut::new(), |mut whole, bytes| async move {
            whole.extend_from_slice(&bytes);
            Ok(whole)
        });
        collected.await.map(BytesMut::freeze).map_err(|error| {
            tracing::error!(%error, "code in a bucket cannot be read");
            lambent_types::Error::new(ErrorCode::Internal, "the object cannot be read")
        })
    };
    found.await.map_err(|error| match error.code() {
        ErrorCode::BucketNotFound | ErrorCode::ObjectNotFound | ErrorCode::InvalidName => {
            invalid(format!(
                "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                if error.code() == ErrorCode::ObjectNotFound {
                    "NoSuchKey"
                } else {
                    "NoSuchBucket"
                },
                error.detail()
            ))
        }
        _ => fault(error),
    })
}

/// Whether what is uploaded is WebAssembly, and no archive.
fn is_wasm(upload: &[u8]) -> bool {
    upload.starts_with(WASM_MAGIC)
}

/// Whether what is uploaded is WebAssembly or an archive, whatever is in it.
pub(super) fn is_code(upload: &[u8]) -> bool {
    is_wasm(upload) || Format::of(upload).is_some()
}

/// What is told of code that cannot be served.
pub(super) fn refused(error: lambent_types::Error, is_code: bool) -> Fault {
    let detail = error.detail();
    match error.code() {
        ErrorCode::InvalidComponent | ErrorCode::InvalidPackage if !is_code => invalid(format!(
            "Could not unzip uploaded file. Please check your file, then try to upload again. ({detail})"
        )),
        ErrorCode::PayloadTooLarge => {
            invalid(format!("Unzipped size must be smaller than 262144000 bytes: {detail}"))
        }
        ErrorCode::RuntimeNotFound => invalid(detail.to_owned()),
        ErrorCode::ImageUnavailable | ErrorCode::InvalidRequest => {
            invalid(format!("Source image is not valid. Provide a valid source image. ({detail})"))
        }
        _ => fault(error),
    }
}

fn holds_bootstrap(upload: &Bytes) -> bool {
    if is_wasm(upload) {
        return false;
    }
    let Ok(scratch) = tempfile::tempfile() else { return false };
    let mut builder = Builder::new(Limits::LAMBDA);
    let whole: &[u8] = upload;
    // What is wrong with the archive is told by who unpacks it.
    let added = builder.add_upload(&whole, whole.len() as u64, None, &scratch, 0);
    added.is_ok() && builder.paths().any(|path| path == BOOTSTRAP)
}
