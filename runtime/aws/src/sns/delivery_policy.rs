//! How often and when URLs are tried, as SNS says it:
//! <https://docs.aws.amazon.com/sns/latest/dg/creating-delivery-policy.html>.

use lambent_types::{Backoff, HttpDelivery};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    healthy_retry_policy: Option<Retries>,
    request_policy: Option<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Retries {
    min_delay_target: u64,
    max_delay_target: u64,
    num_retries: u32,
    num_no_delay_retries: Option<u32>,
    num_min_delay_retries: Option<u32>,
    num_max_delay_retries: Option<u32>,
    backoff_function: Option<String>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            min_delay_target: 20,
            max_delay_target: 20,
            num_retries: 3,
            num_no_delay_retries: None,
            num_min_delay_retries: None,
            num_max_delay_retries: None,
            backoff_function: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    header_content_type: Option<String>,
}

/// Reads the policy of a subscription; an empty one is the default.
pub(super) fn read(text: &str) -> Result<HttpDelivery, Fault> {
    if text.is_empty() {
        return Ok(HttpDelivery::default());
    }
    let policy: Policy = serde_json::from_str(text)
        .map_err(|error| invalid(format!("DeliveryPolicy: failed to parse JSON: {error}")))?;
    let retries = policy.healthy_retry_policy.unwrap_or_default();
    let backoff = match retries.backoff_function.as_deref() {
        None | Some("linear") => Backoff::Linear,
        Some("arithmetic") => Backoff::Arithmetic,
        Some("geometric") => Backoff::Geometric,
        Some("exponential") => Backoff::Exponential,
        Some(_) => {
            return Err(invalid(
                "DeliveryPolicy: healthyRetryPolicy.backoffFunction must be linear, arithmetic, \
                 geometric or exponential",
            ));
        }
    };
    let delivery = HttpDelivery {
        retries: retries.num_retries,
        min_delay_ms: retries.min_delay_target.saturating_mul(1_000),
        max_delay_ms: retries.max_delay_target.saturating_mul(1_000),
        immediate_retries: retries.num_no_delay_retries.unwrap_or_default(),
        min_delay_retries: retries.num_min_delay_retries.unwrap_or_default(),
        max_delay_retries: retries.num_max_delay_retries.unwrap_or_default(),
        backoff,
        content_type: policy.request_policy.and_then(|request| request.header_content_type),
        ..HttpDelivery::default()
    };
    delivery.validate().map_err(|error| invalid(format!("DeliveryPolicy: {}", error.detail())))?;
    Ok(delivery)
}

/// What a policy comes to.
pub(super) fn effective(delivery: &HttpDelivery) -> Value {
    let function = match delivery.backoff {
        Backoff::Linear => "linear",
        Backoff::Arithmetic => "arithmetic",
        Backoff::Geometric => "geometric",
        Backoff::Exponential => "exponential",
    };
    let content_type = delivery.content_type.as_deref().unwrap_or("text/plain; charset=UTF-8");
    json!({
        "healthyRetryPolicy": {
            "minDelayTarget": delivery.min_delay_ms / 1_000,
            "maxDelayTarget": delivery.max_delay_ms / 1_000,
            "numRetries": delivery.retries,
            "numNoDelayRetries": delivery.immediate_retries,
            "numMinDelayRetries": delivery.min_delay_retries,
            "numMaxDelayRetries": delivery.max_delay_retries,
            "backoffFunction": function,
        },
        "requestPolicy": { "headerContentType": content_type },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_they_are_told() {
        assert_eq!(read("").unwrap(), HttpDelivery::default());
        let text = r#"{"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 5,
            "numRetries": 4, "numNoDelayRetries": 2, "backoffFunction": "exponential"},
            "requestPolicy": {"headerContentType": "application/json"}}"#;
        let delivery = read(text).unwrap();
        assert_eq!((delivery.retries, delivery.immediate_retries), (4, 2));
        assert_eq!(read(&effective(&delivery).to_string()).unwrap(), delivery);
        for text in ["[", r#"{"healthyRetryPolicy": {"numRetries": 101}}"#] {
            assert_eq!(read(text).unwrap_err().code, "InvalidParameter");
        }
    }
}
