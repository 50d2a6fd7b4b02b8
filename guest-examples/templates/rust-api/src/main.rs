//! An API with routes. What it keeps is in the instance: put it where it lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use lambda_http::{Error, run};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    name: String,
}

type Items = Arc<Mutex<BTreeMap<usize, Item>>>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = Router::new()
        .route("/items", get(list).post(add))
        .route("/items/{id}", get(find))
        .with_state(Items::default());
    run(app).await
}

async fn list(State(items): State<Items>) -> Json<BTreeMap<usize, Item>> {
    Json(items.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn add(State(items): State<Items>, Json(item): Json<Item>) -> (StatusCode, Json<usize>) {
    let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
    let id = items.len() + 1;
    items.insert(id, item);
    (StatusCode::CREATED, Json(id))
}

async fn find(
    State(items): State<Items>,
    Path(id): Path<usize>,
) -> Result<Json<Item>, StatusCode> {
    let items = items.lock().unwrap_or_else(PoisonError::into_inner);
    items.get(&id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
}
