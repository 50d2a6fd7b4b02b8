//! Where functions find what AWS calls the "Parameters and Secrets Lambda Extension": an endpoint on
//! `localhost` that answers values of parameters and secrets to a plain GET, without an SDK.

use crate::environment::Environment;
use crate::function_credentials::SESSION_TOKEN;

/// The variable of a function that says which port it takes the endpoint to be at.
pub const PORT_VARIABLE: &str = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT";
/// The port where the function names none; the extension's own.
pub const PORT: u16 = 2773;
/// The variable whose value a request has to show.
const TOKEN_VARIABLE: &str = "AWS_SESSION_TOKEN";

/// The port that the endpoint has for a function with this environment; none if its variable is no port,
/// with which the extension does not start either.
#[must_use]
pub fn port(environment: &Environment) -> Option<u16> {
    match environment.0.get(PORT_VARIABLE) {
        Some(text) => text.parse().ok().filter(|port| *port != 0),
        None => Some(PORT),
    }
}

/// What requests of a function with this environment have to show: its own session token, if it brings one.
#[must_use]
pub fn token(environment: &Environment) -> &str {
    environment.0.get(TOKEN_VARIABLE).map_or(SESSION_TOKEN, String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_function_may_name_another_port_and_token() {
        let environment = |name: &str, value: &str| {
            Environment(Arc::new(BTreeMap::from([(name.to_owned(), value.to_owned())])))
        };
        let none = Environment::default();
        assert_eq!((port(&none), token(&none)), (Some(2773), SESSION_TOKEN));
        assert_eq!(port(&environment(PORT_VARIABLE, "4000")), Some(4000));
        for text in ["0", "65536", "", "http"] {
            assert_eq!(port(&environment(PORT_VARIABLE, text)), None, "{text}");
        }
        assert_eq!(token(&environment(TOKEN_VARIABLE, "own")), "own");
    }
}
