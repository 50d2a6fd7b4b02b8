//! How a function's failure looks on Lambda:
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html>, and what was recorded of it.

use lambent_types::{Outcome, RequestId, bounds};
use serde_json::{Value, json};

/// What stands in the header of an answer that is a failure: the handler did not catch it.
pub(super) const UNHANDLED: &str = "Unhandled";

/// The payload of a failure; none if there was none. `id` is in those that the runtime of Lambda reports.
pub(super) fn payload(outcome: &Outcome, id: RequestId) -> Option<Value> {
    let exited = |message: &str| json!({ "errorType": "Runtime.ExitError", "errorMessage": format!("RequestId: {id} Error: {message}") });
    Some(match outcome {
        Outcome::Ok => return None,
        Outcome::FunctionError(failure) => json!({
            "errorMessage": failure.message,
            "errorType": failure.kind,
            "requestId": id.to_string(),
            "stackTrace": failure.trace,
        }),
        Outcome::TimedOut { limit_ms } => {
            let seconds = *limit_ms as f64 / 1000.0;
            let message =
                format!("RequestId: {id} Error: Task timed out after {seconds:.2} seconds");
            json!({ "errorType": "Sandbox.Timedout", "errorMessage": message })
        }
        Outcome::OutOfMemory { .. } => {
            let message =
                format!("RequestId: {id} Error: Runtime exited with error: signal: killed");
            json!({ "errorType": "Runtime.OutOfMemory", "errorMessage": message })
        }
        Outcome::Exited { code: 0 } => exited("Runtime exited without providing a reason"),
        Outcome::Exited { code } => {
            exited(&format!("Runtime exited with error: exit status {code}"))
        }
        Outcome::Trapped { message, backtrace } => {
            let mut payload = exited("Runtime exited without providing a reason");
            // Lambda has no traps. What the engine says of this one is more than nothing.
            payload["trap"] = json!(message);
            payload["stackTrace"] = json!(backtrace);
            payload
        }
        Outcome::ResponseTooLarge { .. } => json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": format!(
                "Response payload size exceeded maximum allowed payload size ({} bytes).",
                bounds::PAYLOAD_BYTES_MAX
            ),
        }),
        Outcome::OutOfFuel { .. }
        | Outcome::BadResponse { .. }
        | Outcome::Cancelled
        | Outcome::Internal => {
            let failure = outcome.failure()?;
            json!({
                "errorMessage": failure.message,
                "errorType": failure.kind,
                "requestId": id.to_string(),
                "stackTrace": failure.trace,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_of_lambda_is_what_is_told() {
        let id = RequestId::new();
        let timed_out = payload(&Outcome::TimedOut { limit_ms: 1000 }, id).unwrap();
        assert_eq!(timed_out["errorType"], "Sandbox.Timedout");
        let expected = format!("RequestId: {id} Error: Task timed out after 1.00 seconds");
        assert_eq!(timed_out["errorMessage"], expected);
        let trap = Outcome::Trapped { message: "unreachable".into(), backtrace: Vec::new() };
        let trapped = payload(&trap, id).unwrap();
        let expected = format!("RequestId: {id} Error: Runtime exited without providing a reason");
        assert_eq!(
            (&trapped["errorType"], &trapped["errorMessage"]),
            (&json!("Runtime.ExitError"), &json!(expected))
        );
        let exited = payload(&Outcome::Exited { code: 3 }, id).unwrap();
        assert!(exited["errorMessage"].as_str().unwrap().ends_with("exit status 3"));
        assert_eq!(payload(&Outcome::Ok, id), None);
    }
}
