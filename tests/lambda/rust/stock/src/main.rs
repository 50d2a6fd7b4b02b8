//! State that is made once, before the first event, and errors of several types.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, thiserror::Error)]
enum StockError {
    #[error("{0} is not sold here")]
    Unknown(String),
    #[error("{left} of {item} are left, not {wanted}")]
    TooFew { item: String, left: u32, wanted: u32 },
}

impl From<StockError> for Diagnostic {
    fn from(error: StockError) -> Self {
        let error_type = match error {
            StockError::Unknown(_) => "UnknownItem",
            StockError::TooFew { .. } => "TooFewLeft",
        };
        Self { error_type: error_type.into(), error_message: error.to_string() }
    }
}

#[derive(Deserialize)]
struct Take {
    item: String,
    count: u32,
}

struct Stock {
    left: Mutex<BTreeMap<String, u32>>,
}

impl Stock {
    async fn load() -> Result<Self, Error> {
        let text = match std::env::var("STOCK") {
            Ok(text) => text,
            Err(_) => tokio::fs::read_to_string("/var/task/stock.json").await?,
        };
        Ok(Self { left: Mutex::new(serde_json::from_str(&text)?) })
    }

    async fn take(&self, Take { item, count }: Take) -> Result<Value, StockError> {
        let mut left = self.left.lock().unwrap();
        let left = left.get_mut(&item).ok_or_else(|| StockError::Unknown(item.clone()))?;
        match left.checked_sub(count) {
            Some(rest) => *left = rest,
            None => return Err(StockError::TooFew { item, left: *left, wanted: count }),
        }
        Ok(json!({ "left": *left }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stock = &Stock::load().await?;
    run(service_fn(|event: LambdaEvent<Take>| stock.take(event.payload))).await
}
