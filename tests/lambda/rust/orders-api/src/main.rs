//! An API with several routes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use lambda_http::{Error, run, tracing};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    item: String,
    count: u32,
}

#[derive(Deserialize)]
struct Filter {
    item: Option<String>,
}

type Orders = Arc<Mutex<BTreeMap<u32, Order>>>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let app = Router::new()
        .route("/orders", post(create).get(list))
        .route("/orders/{id}", get(find).delete(cancel))
        .route("/old", get(|| async { Redirect::permanent("/orders") }))
        .route(
            "/image",
            get(|| async { ([("content-type", "image/png")], b"\x89PNG\xff".to_vec()) }),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, Json(json!({ "error": "no such page" }))) })
        .with_state(Orders::default());
    run(app).await
}

async fn create(State(orders): State<Orders>, Json(order): Json<Order>) -> Response {
    if order.count == 0 {
        let reason = json!({ "error": "nothing is ordered" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(reason)).into_response();
    }
    let mut orders = orders.lock().unwrap();
    let id = orders.len() as u32 + 1;
    orders.insert(id, order);
    let location = format!("/orders/{id}");
    (StatusCode::CREATED, [("location", location)], Json(json!({ "id": id }))).into_response()
}

async fn list(State(orders): State<Orders>, Query(filter): Query<Filter>) -> Json<Vec<Order>> {
    let orders = orders.lock().unwrap();
    let is_meant = |order: &&Order| filter.item.as_ref().is_none_or(|item| *item == order.item);
    Json(orders.values().filter(is_meant).cloned().collect())
}

async fn find(
    State(orders): State<Orders>,
    Path(id): Path<u32>,
) -> Result<Json<Order>, StatusCode> {
    orders.lock().unwrap().get(&id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn cancel(State(orders): State<Orders>, Path(id): Path<u32>) -> StatusCode {
    match orders.lock().unwrap().remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
