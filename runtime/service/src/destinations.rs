use lambent_types::{
    Configuration, DeliveryPolicy, Destination, Error, Function, QualifiedFunction,
};

use crate::scope::Scope;

fn members(delivery: &DeliveryPolicy) -> impl Iterator<Item = (&'static str, &Destination)> {
    let members = [
        ("dead_letter", &delivery.dead_letter),
        ("on_failure", &delivery.on_failure),
        ("on_success", &delivery.on_success),
    ];
    members.into_iter().filter_map(|(member, destination)| Some((member, destination.as_ref()?)))
}

impl Scope {
    /// Checks that everything a delivery sends on to is there.
    pub(crate) async fn check_destinations(
        &self,
        delivery: Option<&DeliveryPolicy>,
    ) -> Result<(), Error> {
        for (member, destination) in delivery.into_iter().flat_map(members) {
            self.check_destination(member, destination).await?;
        }
        Ok(())
    }

    /// Checks the queues that a function's deliveries are newly to go on to. Not
    /// its functions: two may name each other, and one is deployed first.
    pub(crate) async fn check_function_destinations(
        &self,
        current: Option<&Function>,
        configuration: &Configuration,
    ) -> Result<(), Error> {
        let known = current.map(|function| &function.latest.configuration.delivery);
        let known: Vec<_> = known.into_iter().flat_map(members).collect();
        for new in members(&configuration.delivery).filter(|one| !known.contains(one)) {
            if matches!(new.1, Destination::Queue(_)) {
                self.check_destination(new.0, new.1).await?;
            }
        }
        Ok(())
    }

    async fn check_destination(
        &self,
        member: &str,
        destination: &Destination,
    ) -> Result<(), Error> {
        let found = match destination {
            Destination::Queue(queue) => self.resource(queue).describe().await.map(drop),
            Destination::Function(function) => {
                let QualifiedFunction { name, qualifier } = function;
                self.named(name.clone()).qualified(qualifier).await.map(drop)
            }
        };
        found.map_err(|error| {
            Error::new(error.code(), format!("{member} of the delivery: {}", error.detail()))
        })
    }
}
