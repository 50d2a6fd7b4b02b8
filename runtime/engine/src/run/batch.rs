use std::collections::BTreeSet;

use lambent_types::{Event, Failure, Handler, Outcome};

use crate::bindings::batch_function::exports::lambent::function::batch_handler::ItemFailure;
use crate::bindings::function::lambent::function::types;
use crate::component::Component;
use crate::invocation::{Finished, Invocation, Refused};

impl<T: Send + 'static> Component<T> {
    /// Hands several events to `lambent:function/batch-handler` at once. The
    /// value names those that failed by their place in `events`, each once.
    ///
    /// # Errors
    /// [`Refused`]: nothing ran.
    pub async fn batch(
        &self,
        invocation: Invocation<T>,
        events: Vec<Event>,
    ) -> Result<Finished<Vec<(u32, Failure)>>, Refused> {
        let indices = self.linked.batch.clone().ok_or(Refused::NoSuchExport(Handler::Batch))?;
        let count = events.len();
        let bytes_in = events.iter().map(|event| event.data.len() as u64).sum();
        let finished = self.run(invocation, None, move |store, instance| {
            Box::pin(async move {
                let function = indices.load(&mut *store, &instance)?;
                let context = store.data_mut().context_handle()?;
                let events: Vec<_> = events.into_iter().map(types::Event::from).collect();
                let handler = function.lambent_function_batch_handler();
                handler.call_handle(store, &events, context).await
            })
        });
        let Finished { mut outcome, value, mut meter, logs, host_error } = finished.await?;
        meter.bytes_in = bytes_in;
        let settled = value.map(|value| settle(value, count)).transpose();
        let value = settled.unwrap_or_else(|failed| {
            outcome = failed;
            None
        });
        Ok(Finished { outcome, value, meter, logs, host_error })
    }
}

/// Which events failed, or as what the whole batch did.
fn settle(
    returned: Result<Vec<ItemFailure>, types::Failure>,
    count: usize,
) -> Result<Vec<(u32, Failure)>, Outcome> {
    let failures = returned.map_err(|failure| Outcome::FunctionError(failure.into()))?;
    let mut seen = BTreeSet::new();
    for ItemFailure { index, .. } in &failures {
        let message = if *index as usize >= count {
            format!("the function says that event {index} failed, and there were {count}")
        } else if !seen.insert(*index) {
            format!("the function says twice that event {index} failed")
        } else {
            continue;
        };
        return Err(Outcome::BadResponse { message });
    }
    Ok(failures.into_iter().map(|item| (item.index, item.failure.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(index: u32) -> ItemFailure {
        let failure = types::Failure {
            kind: "Poison".into(),
            message: "no".into(),
            trace: Vec::new(),
            retry: types::Retry::Never,
        };
        ItemFailure { index, failure }
    }

    #[test]
    fn places_outside_the_batch_or_named_twice_are_a_bad_response() {
        let good = settle(Ok(vec![item(2), item(0)]), 3).unwrap();
        assert_eq!(good.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [2, 0]);
        assert!(matches!(settle(Ok(vec![item(3)]), 3), Err(Outcome::BadResponse { .. })));
        assert!(matches!(settle(Ok(vec![item(1), item(1)]), 3), Err(Outcome::BadResponse { .. })));
        assert!(matches!(settle(Err(item(0).failure), 3), Err(Outcome::FunctionError(_))));
    }
}
