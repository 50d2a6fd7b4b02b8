//! What comes to a function of a runtime, and what it answers, in the forms that Lambda has
//! for them, as handlers written for Lambda know no others.

mod arn;
mod described_request;
mod http_request;
mod http_response;
mod records;
mod streamed_response;

pub(crate) use arn::{REGION, function_arn, stream_arn};
pub(crate) use described_request::{output_of_response, request_of_payload};
pub(crate) use http_request::event_of_request;
pub(crate) use http_response::response_of_output;
pub(crate) use records::{event_for, event_of_batch, failed_of_batch, s3_notification};
pub(crate) use streamed_response::{NoResponse, response_of_stream};
