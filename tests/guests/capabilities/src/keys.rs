use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Call {
    store: String,
    #[serde(flatten)]
    deed: Deed,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Deed {
    Open,
    Get {
        key: String,
    },
    Set {
        key: String,
        value: String,
    },
    Delete {
        key: String,
    },
    Exists {
        key: String,
    },
    List {
        cursor: Option<Value>,
    },
    Increment {
        key: String,
        by: i64,
    },
    GetMany {
        keys: Vec<String>,
    },
    SetMany {
        pairs: Vec<(String, String)>,
    },
    DeleteMany {
        keys: Vec<String>,
    },
    /// Sets `meanwhile` between reading and swapping, if there is one.
    Swap {
        key: String,
        value: String,
        meanwhile: Option<String>,
    },
    /// Reads a key so often, and tells how often that worked.
    GetOften {
        key: String,
        times: u32,
    },
    /// Makes the least call that the host answers so often: what any call costs.
    ClockOften {
        times: u32,
    },
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What both drafts have in common; the names in it are those of the module it
/// is used in.
macro_rules! common {
    ($deed:expr, $bucket:expr) => {{
        let bucket = $bucket;
        match $deed {
            Deed::Open => Ok(Value::Null),
            Deed::Get { key } => {
                bucket.get(&key).map(|value| json!(value.map(|v| string(&v)))).map_err(text)
            }
            Deed::Set { key, value } => {
                bucket.set(&key, value.as_bytes()).map(|()| Value::Null).map_err(text)
            }
            Deed::Delete { key } => bucket.delete(&key).map(|()| Value::Null).map_err(text),
            Deed::Exists { key } => bucket.exists(&key).map(Value::from).map_err(text),
            Deed::SetMany { pairs } => {
                let pairs: Vec<_> =
                    pairs.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
                batch::set_many(bucket, &pairs).map(|()| Value::Null).map_err(text)
            }
            Deed::DeleteMany { keys } => {
                batch::delete_many(bucket, &keys).map(|()| Value::Null).map_err(text)
            }
            Deed::GetOften { key, times } => {
                let got = (0..times).filter(|_| bucket.get(&key).is_ok_and(|v| v.is_some()));
                Ok(json!(got.count()))
            }
            Deed::ClockOften { times } => {
                let first = std::time::Instant::now();
                Ok(json!((0..times).filter(|_| std::time::Instant::now() >= first).count()))
            }
            other => special(bucket, other),
        }
    }};
}

pub(crate) mod draft {
    use serde_json::{Value, json};

    use super::{Call, Deed, string};
    use crate::{Answer, text};

    wit_bindgen::generate!({
        path: "../../../wit/deps/keyvalue-draft",
        world: "wasi:keyvalue/imports",
    });

    use wasi::keyvalue::store::Bucket;
    use wasi::keyvalue::{atomics, batch, store};

    pub(crate) fn call(call: Call) -> Answer {
        let bucket = store::open(&call.store).map_err(text)?;
        common!(call.deed, &bucket)
    }

    fn special(bucket: &Bucket, deed: Deed) -> Answer {
        match deed {
            Deed::List { cursor } => {
                let cursor = cursor.and_then(|cursor| cursor.as_u64());
                let page = bucket.list_keys(cursor).map_err(text)?;
                Ok(json!({ "keys": page.keys, "cursor": page.cursor }))
            }
            Deed::Increment { key, by } => {
                let by = u64::try_from(by).map_err(text)?;
                atomics::increment(bucket, &key, by).map(Value::from).map_err(text)
            }
            Deed::GetMany { keys } => {
                let found = batch::get_many(bucket, &keys).map_err(text)?;
                let pairs = found.into_iter().map(|pair| pair.map(|(k, v)| (k, string(&v))));
                Ok(json!(pairs.collect::<Vec<_>>()))
            }
            _ => Err("the first draft has no such call".into()),
        }
    }
}

pub(crate) mod draft2 {
    use serde_json::{Value, json};

    use super::{Call, Deed, string};
    use crate::{Answer, text};

    wit_bindgen::generate!({
        path: "../../../wit/deps/keyvalue-draft2",
        world: "wasi:keyvalue/imports",
    });

    use wasi::keyvalue::atomics::{Cas, CasError};
    use wasi::keyvalue::store::Bucket;
    use wasi::keyvalue::{atomics, batch, store};

    pub(crate) fn call(call: Call) -> Answer {
        let bucket = store::open(&call.store).map_err(text)?;
        common!(call.deed, &bucket)
    }

    fn special(bucket: &Bucket, deed: Deed) -> Answer {
        match deed {
            Deed::List { cursor } => {
                let cursor = cursor.as_ref().and_then(Value::as_str);
                let page = bucket.list_keys(cursor).map_err(text)?;
                Ok(json!({ "keys": page.keys, "cursor": page.cursor }))
            }
            Deed::Increment { key, by } => {
                atomics::increment(bucket, &key, by).map(Value::from).map_err(text)
            }
            Deed::GetMany { keys } => {
                let found = batch::get_many(bucket, &keys).map_err(text)?;
                let pairs = found.into_iter().map(|(k, v)| (k, v.map(|v| string(&v))));
                Ok(json!(pairs.collect::<Vec<_>>()))
            }
            Deed::Swap { key, value, meanwhile } => {
                let cas = Cas::new(bucket, &key).map_err(text)?;
                if let Some(other) = meanwhile {
                    bucket.set(&key, other.as_bytes()).map_err(text)?;
                }
                match atomics::swap(cas, value.as_bytes()) {
                    Ok(()) => Ok(json!("swapped")),
                    Err(CasError::CasFailed(newer)) => {
                        let found = newer.current().map_err(text)?.map(|found| string(&found));
                        atomics::swap(newer, value.as_bytes()).map_err(text)?;
                        Ok(json!({ "found": found }))
                    }
                    Err(CasError::StoreError(error)) => Err(text(error)),
                }
            }
            _ => Err("the second draft has no such call".into()),
        }
    }
}
