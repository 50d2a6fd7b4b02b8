use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An upload as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// Its id.
    pub id: String,
    /// The key it will have.
    pub key: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub started: Timestamp,
}

/// Unfinished uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Uploads {
    /// The uploads, oldest first.
    pub uploads: Vec<UploadView>,
}

/// A part as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartView {
    /// Its number.
    pub number: u32,
    /// MD5 of its bytes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The parts of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parts {
    /// The parts, by number.
    pub parts: Vec<PartView>,
}

/// A part that an object is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedPart {
    /// Its number.
    pub number: u32,
    /// Its etag.
    pub etag: String,
}

/// What an object is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The parts, in their order.
    #[serde(
        deserialize_with = "crate::lists::at_most::<_, _, { lambent_types::bounds::PART_NUMBER_MAX as usize }>"
    )]
    pub parts: Vec<NamedPart>,
}

/// How an upload is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BeginUpload {
    /// The key the object will have
    pub key: String,
}
