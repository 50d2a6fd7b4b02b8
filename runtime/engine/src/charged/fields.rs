//! Header fields of `wasi:http`, of which a request may have a thousand.

use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi_http::{FieldMap, WasiHttpCtxView, WasiHttpView};

use super::{WASI_02, WASI_03};
use crate::cost;
use crate::store_data::Host;

type Fields = Resource<FieldMap>;
type Entries = Vec<(String, Vec<u8>)>;

fn of_values(values: &[Vec<u8>]) -> u64 {
    cost::list(values.len(), values.iter().map(Vec::len).sum())
}

fn of_entries(entries: &[(String, Vec<u8>)]) -> u64 {
    let bytes = entries.iter().map(|(name, value)| name.len() + value.len());
    cost::list(entries.len(), bytes.sum())
}

/// The fuel for walking through all fields, if the resource is there.
fn of_all(view: &WasiHttpCtxView<'_>, fields: &Fields) -> u64 {
    view.table.get(fields).map_or(0, |fields| cost::list(fields.len(), 0))
}

/// The functions of both versions, which differ in the names of two, and in the
/// bindings they are generated from.
macro_rules! fields {
    ($name:ident, $bindings:path, $version:expr, $all:ident, $all_name:literal, $error:ty) => {
        pub(super) fn $name<T: Send + 'static>(linker: &mut Linker<Host<T>>) -> Result<()> {
            use types::{Host as _, HostFields as Of};
            use $bindings as types;

            type FieldsResult<V> = Result<(std::result::Result<V, types::HeaderError>,)>;
            type Store<'a, T> = StoreContextMut<'a, Host<T>>;

            fn convert<V>(
                mut view: WasiHttpCtxView<'_>,
                result: std::result::Result<V, $error>,
            ) -> FieldsResult<V> {
                match result {
                    Ok(value) => Ok((Ok(value),)),
                    Err(error) => Ok((Err(view.convert_header_error(error)?),)),
                }
            }

            let mut linked = linker.instance(&format!("wasi:http/types@{}", $version))?;
            linked.func_wrap(
                "[static]fields.from-list",
                |mut store: Store<'_, T>, (entries,): (Entries,)| -> FieldsResult<Fields> {
                    store.data_mut().charge(of_entries(&entries));
                    let mut view = store.data_mut().http();
                    let made = Of::from_list(&mut view, entries);
                    convert(view, made)
                },
            )?;
            linked.func_wrap(
                "[method]fields.get",
                |mut store: Store<'_, T>, (fields, name): (Fields, String)| {
                    let values = Of::get(&mut store.data_mut().http(), fields, name)?;
                    store.data_mut().charge(of_values(&values));
                    Ok((values,))
                },
            )?;
            linked.func_wrap(
                "[method]fields.set",
                |mut store: Store<'_, T>,
                 given: (Fields, String, Vec<Vec<u8>>)|
                 -> FieldsResult<()> {
                    let (fields, name, values) = given;
                    let mut view = store.data_mut().http();
                    let fuel = of_values(&values) + of_all(&view, &fields);
                    let set = Of::set(&mut view, fields, name, values);
                    let result = convert(view, set);
                    store.data_mut().charge(fuel);
                    result
                },
            )?;
            linked.func_wrap(
                "[method]fields.append",
                |mut store: Store<'_, T>, given: (Fields, String, Vec<u8>)| -> FieldsResult<()> {
                    let (fields, name, value) = given;
                    store.data_mut().charge(cost::list(1, name.len() + value.len()));
                    let mut view = store.data_mut().http();
                    let appended = Of::append(&mut view, fields, name, value);
                    convert(view, appended)
                },
            )?;
            linked.func_wrap($all_name, |mut store: Store<'_, T>, (fields,): (Fields,)| {
                let entries = Of::$all(&mut store.data_mut().http(), fields)?;
                store.data_mut().charge(of_entries(&entries));
                Ok((entries,))
            })?;
            linked.func_wrap(
                "[method]fields.clone",
                |mut store: Store<'_, T>, (fields,): (Fields,)| {
                    let mut view = store.data_mut().http();
                    let fuel = of_all(&view, &fields);
                    let cloned = Of::clone(&mut view, fields)?;
                    store.data_mut().charge(fuel);
                    Ok((cloned,))
                },
            )
        }
    };
}

fields!(
    link_02,
    wasmtime_wasi_http::p2::bindings::http::types,
    WASI_02,
    entries,
    "[method]fields.entries",
    wasmtime_wasi_http::p2::HeaderError
);
fields!(
    link_03,
    wasmtime_wasi_http::p3::bindings::http::types,
    WASI_03,
    copy_all,
    "[method]fields.copy-all",
    TrappableError<wasmtime_wasi_http::p3::bindings::http::types::HeaderError>
);
