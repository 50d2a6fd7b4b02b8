//! One call of a plugin.

use lambent_engine::blocking::BlockingError;
use lambent_engine::types::Outcome;
use lambent_engine::wasmtime::component::{Type, Val};
use lambent_engine::{CallError, Completed, Plugin};
use serde_json::{Value, json};

use crate::error::Error;
use crate::types::{Export, first_unsupported};
use crate::value::{from_json, to_json};

/// Calls an export with arguments as a JSON array; returns what came of it as JSON.
pub(crate) fn call(plugin: &Plugin<()>, export: &Export, args: &str) -> Result<Value, Error> {
    if let Some(reason) = first_unsupported(&export.function) {
        return Err(Error::new("unsupported-type", format!("{}: {reason}", export.path())));
    }
    let args = arguments(export, args).map_err(|message| Error::new("bad-arguments", message))?;
    let result: Option<Type> = export.function.results().next();
    let count = usize::from(result.is_some());
    let (interface, name) = (export.interface.clone(), export.name.clone());
    let called = plugin.call_blocking(move |store, instance| {
        Box::pin(async move {
            let interface =
                interface.map(|name| instance.get_export_index(&mut *store, None, &name));
            let index = instance.get_export_index(&mut *store, interface.flatten().as_ref(), &name);
            let function = index.and_then(|index| instance.get_func(&mut *store, index));
            let missing = || lambent_engine::wasmtime::Error::msg("the export is not there");
            let mut results = vec![Val::Bool(false); count];
            function.ok_or_else(missing)?.call_async(store, &args, &mut results).await?;
            Ok(results.pop())
        })
    });
    report(called.map_err(refused)?, result.as_ref())
}

fn arguments(export: &Export, text: &str) -> Result<Vec<Val>, String> {
    let args: Vec<Value> = serde_json::from_str(if text.is_empty() { "[]" } else { text })
        .map_err(|error| format!("the arguments are no JSON array: {error}"))?;
    let params: Vec<_> = export.function.params().collect();
    if args.len() != params.len() {
        let (path, wanted, found) = (export.path(), params.len(), args.len());
        return Err(format!("{path} takes {wanted} arguments, and was given {found}"));
    }
    let args = args.iter().zip(params);
    args.map(|(arg, (name, of))| from_json(arg, &of, name)).collect()
}

/// What is said of a call that was made.
fn report(called: Completed<Option<Val>>, of: Option<&Type>) -> Result<Value, Error> {
    let Completed { generation, finished } = called;
    let returned_nothing = finished.value.is_none();
    let value = match (finished.value.flatten(), of) {
        (Some(value), Some(of)) => {
            to_json(&value, of).map_err(|reason| Error::new("unsupported-type", reason))?
        }
        _ => Value::Null,
    };
    let mut outcome = json!(finished.outcome);
    if returned_nothing && finished.outcome == Outcome::Ok {
        // It called exit(0), which is no return: its instance is gone.
        outcome = json!({ "kind": "exited", "code": 0 });
    }
    let mut message = finished.outcome.message();
    if let Some(error) = &finished.host_error {
        message = error.root_cause().to_string();
        outcome = json!({ "kind": "host-error" });
    }
    if finished.outcome != Outcome::Ok {
        outcome["message"] = json!(message);
    }
    let meter = finished.meter;
    Ok(json!({
        "value": value,
        "outcome": outcome,
        "generation": generation,
        "fuel": meter.fuel,
        "memory_bytes": meter.memory_bytes,
        "duration_us": u64::try_from(meter.duration.as_micros()).unwrap_or(u64::MAX),
        "logs": finished.logs.lines,
    }))
}

/// Why a call was not made.
pub(crate) fn refused(error: BlockingError<CallError>) -> Error {
    let code = match &error {
        BlockingError::Failed(CallError::StateLost(_)) => "state-lost",
        BlockingError::Failed(CallError::QueueFull(_)) => "queue-full",
        BlockingError::Failed(CallError::Closed) => "closed",
        BlockingError::Failed(CallError::Refused(_)) => "refused",
        BlockingError::InsideRuntime | BlockingError::NoRuntime(_) => "no-runtime",
    };
    Error::new(code, error)
}
