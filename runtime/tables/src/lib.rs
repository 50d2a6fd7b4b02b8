//! What tables hold and are asked: the values, keys, schemas and expressions of DynamoDB, as plain data without a store.
//!
//! Everything is checked where it is made and correct from then on. What is refused, is with the sentence that
//! DynamoDB has for it, as programs are tested against those.

mod error;
pub mod expression;
mod index;
mod item;
mod item_json;
mod json_shape;
mod key;
mod key_bytes;
mod key_schema;
mod number;
pub mod partiql;
mod stream;
mod stream_json;
mod table;
mod value;

pub use error::{InputError, Invalid};
pub use index::{Index, IndexName, Projection};
pub use item::{ITEM_BYTES_MAX, Item};
pub use item_json::Given;
pub use key::{HASH_BYTES_MAX, Key, KeyValue, RANGE_BYTES_MAX};
pub use key_schema::{KeyAttribute, KeySchema, KeyType};
pub use number::{InvalidNumber, Number};
pub use stream::{ItemChange, StreamRecord, StreamSequence};
pub use stream_json::{StreamFacts, lambda_record, stream_record};
pub use table::{
    BillingMode, GLOBAL_INDEXES_MAX, LOCAL_INDEXES_MAX, StreamView, TableDefinition, Throughput,
};
pub use value::{NESTING_MAX, Value};
