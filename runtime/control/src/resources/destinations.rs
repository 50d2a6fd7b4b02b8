use lambent_types::{DeliveryPolicy, Destination, Error, Namespace};

use crate::control::Control;

impl Control {
    /// Checks that everything a delivery sends on to is there.
    pub(crate) async fn check_destinations(
        &self,
        namespace: &Namespace,
        delivery: Option<&DeliveryPolicy>,
    ) -> Result<(), Error> {
        let Some(delivery) = delivery else { return Ok(()) };
        let destinations = [
            ("dead_letter", &delivery.dead_letter),
            ("on_failure", &delivery.on_failure),
            ("on_success", &delivery.on_success),
        ];
        for (member, destination) in destinations {
            let found = match destination {
                None => continue,
                Some(Destination::Queue(queue)) => self.queue(namespace, queue).await.map(drop),
                Some(Destination::Function(function)) => {
                    self.describe(namespace, function).await.map(drop)
                }
            };
            found.map_err(|error| {
                Error::new(error.code(), format!("{member} of the delivery: {}", error.detail()))
            })?;
        }
        Ok(())
    }
}
