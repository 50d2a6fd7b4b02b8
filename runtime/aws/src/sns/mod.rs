//! SNS's API over the topics of a namespace:
//! <https://docs.aws.amazon.com/sns/latest/api/API_Operations.html>.

mod arn;
mod attribute_map;
mod batch;
mod delivery_policy;
mod error;
mod kept;
mod named_topic;
mod permissions;
mod public;
mod publish;
mod subscription_attributes;
mod subscriptions;
mod table;
mod tags;
mod topic_attributes;
mod topics;

use http::Response;
use lambent_dispatch::Body;
use serde::Serialize;

use crate::call::Call;
use crate::fault::Fault;
use crate::query;

pub(crate) use public::{answer_public, is_public};
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "SNS";
/// What its requests are signed for.
pub(crate) const SIGNED_FOR: &str = "sns";
/// Most bytes of a request: a batch of 256 KiB, of which a form may have three for each, and their names.
pub(crate) const BODY_BYTES_MAX: u64 = 2 << 20;
const XML_NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// The answer of an operation that has nothing to say.
#[derive(Serialize)]
struct Nothing {}

/// Does what a request asks for.
pub(crate) async fn answer(call: &Call) -> Result<Response<Body>, Fault> {
    query::answer(call, NAME, OPERATIONS).await
}
