//! IAM's API as far as tools need it: roles and policies are made, read and named. They are kept and
//! given back, and decide nothing:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>.

mod answer;
mod arn;
mod attached;
mod boundary;
mod error;
mod inline;
mod input;
mod instance_profiles;
mod paging;
mod policies;
mod policy;
mod policy_versions;
mod role;
mod roles;
mod table;
mod tags;
mod users;

use http::Response;
use jiff::Timestamp;
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;
use crate::query;

pub(crate) use error::{fault, validation};
pub(crate) use table::OPERATIONS;

pub(crate) const NAME: &str = "IAM";
/// What its requests are signed for.
pub(crate) const SIGNED_FOR: &str = "iam";

/// Does what a request asks for.
pub(crate) async fn answer(call: &Call) -> Result<Response<Body>, Fault> {
    query::answer(call, NAME, OPERATIONS).await
}

/// A time as IAM and STS write it, whose clocks have whole seconds.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
