//! Reads events from standard input, one a line with its name before it, and says of each whether
//! AWS's library takes it for what it is.

use std::io::{self, BufRead as _};

use aws_lambda_events::event::alb::AlbTargetGroupRequest;
use aws_lambda_events::event::apigw::{
    ApiGatewayCustomAuthorizerRequest, ApiGatewayProxyRequest,
    ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest,
};
use aws_lambda_events::event::cognito::{
    CognitoEventUserPoolsPostConfirmation, CognitoEventUserPoolsPreSignup,
    CognitoEventUserPoolsPreTokenGen,
};
use aws_lambda_events::event::dynamodb;
use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::firehose::KinesisFirehoseEvent;
use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::ses::SimpleEmailEvent;
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(text: &str) -> Result<(), String> {
    serde_json::from_str::<T>(text).map(drop).map_err(|error| error.to_string())
}

fn check(name: &str, text: &str) -> Result<(), String> {
    let read = match name {
        "aws:alb" => read::<AlbTargetGroupRequest>,
        "aws:apigw1" => read::<ApiGatewayProxyRequest>,
        "aws:apigw2" => read::<ApiGatewayV2httpRequest>,
        "aws:authorizer" => read::<ApiGatewayCustomAuthorizerRequest>,
        "aws:authorizer2" => read::<ApiGatewayV2CustomAuthorizerV2Request>,
        "aws:cognito-post-confirmation" => read::<CognitoEventUserPoolsPostConfirmation>,
        "aws:cognito-pre-sign-up" => read::<CognitoEventUserPoolsPreSignup>,
        "aws:cognito-pre-token-generation" => read::<CognitoEventUserPoolsPreTokenGen>,
        "aws:dynamodb" => read::<dynamodb::Event>,
        "aws:eventbridge" | "aws:schedule" => read::<EventBridgeEvent>,
        "aws:firehose" => read::<KinesisFirehoseEvent>,
        "aws:kinesis" => read::<KinesisEvent>,
        "aws:s3" => read::<S3Event>,
        "aws:ses" => read::<SimpleEmailEvent>,
        "aws:sns" => read::<SnsEvent>,
        "aws:sqs" => read::<SqsEvent>,
        _ => return Err("there is no type for it here".into()),
    };
    read(text)
}

fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (name, text) = line.split_once(' ').unwrap_or((&line, ""));
        match check(name, text) {
            Ok(()) => println!("{name} ok"),
            Err(error) => println!("{name}: {error}"),
        }
    }
    Ok(())
}
