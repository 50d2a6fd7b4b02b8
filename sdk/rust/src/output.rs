use std::any::Any;

use serde::Serialize;

use crate::Failure;
use crate::bindings::function::lambent::function::types as wit;

/// The output of a function: data, and its media type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The media type of `data`.
    pub content_type: Option<String>,
    /// The data.
    pub data: Vec<u8>,
}

impl Output {
    /// Makes an output of data with a media type.
    #[must_use]
    pub fn new(content_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { content_type: Some(content_type.into()), data: data.into() }
    }

    /// Encodes a value as JSON.
    ///
    /// # Errors
    /// Returns a [`Failure`] of kind `InvalidOutput` if the value has no form in JSON, such
    /// as a map whose keys are not strings.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        let data = serde_json::to_vec(value).map_err(Failure::invalid_output)?;
        Ok(Self::new("application/json", data))
    }
}

impl From<Output> for wit::Output {
    fn from(output: Output) -> Self {
        Self { content_type: output.content_type, data: output.data }
    }
}

/// A type that a handler can return.
///
/// - [`Output`]: data with its media type.
/// - `Vec<u8>` and `String`: the data as it is, `application/octet-stream` and
///   `text/plain; charset=utf-8`.
/// - Any other serialisable type: JSON. So `()` is `null`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "not something that can become an output",
    note = "derive `serde::Serialize` for it, or return `lambent_sdk::Output`"
)]
pub trait IntoOutput {
    /// Makes the output from what the handler returned.
    ///
    /// # Errors
    /// A failure says why the value cannot be encoded.
    fn into_output(self) -> Result<Output, Failure>;
}

impl IntoOutput for Output {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(self)
    }
}

impl<T: Serialize + 'static> IntoOutput for T {
    fn into_output(self) -> Result<Output, Failure> {
        // Coherence forbids impls of their own for the two types that are not
        // JSON, because they can be serialised.
        let mut value = Some(self);
        let slot: &mut dyn Any = &mut value;
        if let Some(bytes) = slot.downcast_mut::<Option<Vec<u8>>>() {
            return Ok(Output::new("application/octet-stream", bytes.take().unwrap_or_default()));
        }
        if let Some(text) = slot.downcast_mut::<Option<String>>() {
            return Ok(Output::new("text/plain; charset=utf-8", text.take().unwrap_or_default()));
        }
        Output::json(&value)
    }
}
