//! Says whether a request to an API may pass.

use aws_lambda_events::event::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(authorize)).await
}

async fn authorize(
    event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>,
) -> Result<ApiGatewayV2CustomAuthorizerSimpleResponse<Value>, Error> {
    let token = event.payload.headers.get("authorization").and_then(|token| token.to_str().ok());
    let user = token.and_then(|token| token.strip_prefix("Bearer user-"));
    let mut response = ApiGatewayV2CustomAuthorizerSimpleResponse::default();
    response.is_authorized = user.is_some();
    response.context = json!({ "user": user, "path": event.payload.raw_path });
    Ok(response)
}
