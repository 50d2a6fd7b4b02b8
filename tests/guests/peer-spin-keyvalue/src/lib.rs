//! An HTTP function in the style of Spin, with the key-value store `default` as
//! Spin serves it: keeps what is posted, under the id of the CloudEvent that it
//! is, and counts requests.

mod bindings {
    wit_bindgen::generate!({
        path: "../../../wit/deps/keyvalue-draft2",
        inline: "
            package peer:spin-keyvalue;

            world imports {
              import wasi:keyvalue/store@0.2.0-draft2;
              import wasi:keyvalue/atomics@0.2.0-draft2;
            }
        ",
        generate_all,
    });
}

use bindings::wasi::keyvalue::{atomics, store};
use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn keep(request: Request) -> impl IntoResponse {
    let header = |name| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let event = [header("ce-type"), header("ce-source"), header("ce-subject")].join(" ");
    let id = header("ce-id");
    let body = request.into_body().bytes().await.unwrap_or_default();
    let store = store::open("default").unwrap();
    store.set(&id, &[event.as_bytes(), b"\n", &body].concat()).unwrap();
    let count = atomics::increment(&store, "requests", 1).unwrap();
    format!("request {count}\n")
}
