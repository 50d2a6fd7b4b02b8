use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambent_engine::wasmtime::component::Resource;
use lambent_engine::wasmtime::format_err;
use lambent_engine::{Component, Finished, Host, Invocation, Refused, wasmtime};
use lambent_types::occurrence::{KeyData, KeyValueData};
use lambent_types::{Event, Failure, Handler};

use crate::ctx::Ctx;
use crate::interfaces::keyvalue::Bucket;
use crate::interfaces::keyvalue::bindings::{draft, draft2};

/// A change of a key, as a watcher receives it.
struct Change {
    bucket: Resource<Bucket>,
    key: String,
    /// What it was set to; none if it was deleted.
    value: Option<Vec<u8>>,
}

/// Hands a change of a key to `wasi:keyvalue/watcher`.
pub(super) async fn run(
    component: &Component<Ctx>,
    invocation: Invocation<Ctx>,
    handler: Handler,
    event: Event,
) -> Result<Finished<Result<(), Failure>>, Refused> {
    component
        .call(invocation, move |store, instance| {
            Box::pin(async move {
                let Change { bucket, key, value } = change(store.data_mut(), &event)?;
                if handler == Handler::Watcher {
                    let guest = draft::WatchService::new(&mut *store, &instance)?;
                    let watcher = guest.wasi_keyvalue_watcher();
                    match value {
                        Some(value) => watcher.call_on_set(store, bucket, &key, &value).await?,
                        None => watcher.call_on_delete(store, bucket, &key).await?,
                    }
                } else {
                    let guest = draft2::WatchService::new(&mut *store, &instance)?;
                    let watcher = guest.wasi_keyvalue_watcher();
                    match value {
                        Some(value) => watcher.call_on_set(store, bucket, &key, &value).await?,
                        None => watcher.call_on_delete(store, bucket, &key).await?,
                    }
                }
                Ok(Ok(()))
            })
        })
        .await
}

fn change(host: &mut Host<Ctx>, event: &Event) -> wasmtime::Result<Change> {
    let data: KeyData = serde_json::from_slice(&event.data)
        .map_err(|error| format_err!("the event is no change of a key: {error}"))?;
    let keyspace = data.keyspace.parse().map_err(|error| format_err!("{error}"))?;
    let bucket = host.table().push(Bucket { keyspace })?;
    let value = data.new.map(|value| match value {
        KeyValueData::Text(text) => Ok(text.into_bytes()),
        KeyValueData::Base64(text) => BASE64_STANDARD.decode(text),
    });
    let value = value.transpose().map_err(|error| format_err!("the value: {error}"))?;
    Ok(Change { bucket, key: data.key, value })
}
