use std::sync::Arc;

use object_store::aws::AmazonS3Builder;

use crate::embedded::objects::remote::Remote;
use crate::embedded::options::S3Options;
use crate::error::OpenError;

/// The blobs of an S3. Connects when it is first used.
pub(crate) fn open(options: &S3Options) -> Result<Remote, OpenError> {
    // Whoever installed another one before has chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&options.bucket);
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    let store = builder.build().map_err(|source| OpenError::S3 {
        bucket: options.bucket.clone(),
        source: source.into(),
    })?;
    Ok(Remote::new(Arc::new(store), &options.prefix))
}
