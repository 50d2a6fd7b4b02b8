//! What to do about the server's errors: what its table of codes says, told of
//! the function at hand.

use lambent_api::client;
use lambent_types::{ErrorCode, Problem};

/// A next step for whoever got this error. `None` where it already says all there is.
pub(crate) fn for_error(error: &client::Error) -> Option<String> {
    use client::Error as E;
    let hint = match error {
        E::Refused { problem, target } => return for_problem(problem, target),
        E::NoAnswer(reason) => return for_silence(reason).map(Into::into),
        E::NotLambent { .. } | E::NotJson(_) => {
            "something other than Lambent may be listening there"
        }
        E::Redirected { .. } => {
            "redirects are not followed; name the server itself: --endpoint URL"
        }
        E::Unexpected(_) => {
            "client and server may be of different versions; --json prints it as it is"
        }
        _ => return None,
    };
    Some(hint.into())
}

/// A next step where no answer came.
fn for_silence(reason: &str) -> Option<&'static str> {
    if reason.contains("refused") || reason.contains("no such host") {
        return Some(
            "start a server: lambent serve\n\
             or name another one: --endpoint URL, or LAMBENT_ENDPOINT",
        );
    }
    if reason.contains("CaUsedAsEndEntity") {
        return Some(
            "the server's own certificate is that of an authority; make one that is not:\n\
             openssl req -x509 -addext basicConstraints=critical,CA:FALSE ...",
        );
    }
    (reason.contains("certificate") || reason.contains("UnknownIssuer"))
        .then_some("for a private authority, pass its certificate: --ca FILE")
}

/// A next step for whoever got this problem from `path`. What there is to say about keys
/// is said where it is known where they were looked for.
fn for_problem(problem: &Problem, path: &str) -> Option<String> {
    match (problem.code, function(path)) {
        (ErrorCode::Unauthorized, _) => None,
        (ErrorCode::PreconditionFailed, Some(name)) => Some(format!(
            "see what it is now: lambent describe {name}\n\
             then repeat with the revision shown there"
        )),
        (ErrorCode::Internal, _) => Some(match &problem.request_id {
            Some(id) => format!("the server's own log says more, under request {id}"),
            None => ErrorCode::Internal.hint()?.into(),
        }),
        (code, name) => Some(code.hint()?.replace("{name}", name.unwrap_or("<name>"))),
    }
}

/// The function that a path of the API is about.
fn function(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1/functions/")?;
    rest.split(['/', '?']).next().filter(|name| !name.is_empty())
}

/// Says how to give a key, and where one was looked for.
pub(crate) fn about_keys(notes: &[String]) -> String {
    let mut text = String::from(
        "give the key with --key or LAMBENT_KEY, or set LAMBENT_DATA to the server's data\n\
         directory, whose root-key.json holds it (a server started with --dev needs none)",
    );
    for note in notes {
        text.push_str("\n- ");
        text.push_str(note);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::Error;

    #[test]
    fn a_missing_key_says_where_it_was_looked_for() {
        let hint = about_keys(&["/x does not exist".into()]);
        assert!(hint.contains("LAMBENT_KEY"));
        assert!(hint.ends_with("\n- /x does not exist"));
    }

    #[test]
    fn nobody_listening_is_told_how_to_be_served() {
        let silence = client::Error::NoAnswer("no answer from x: connection refused".into());
        assert!(for_error(&silence).unwrap().contains("lambent serve"));
        let target = "/v1/x".into();
        let problem = Problem::from(&Error::new(ErrorCode::FunctionNotFound, "no \"x\""));
        let refused = client::Error::Refused { problem: Box::new(problem), target };
        assert_eq!(for_error(&refused).unwrap(), "see which there are: lambent list");
    }

    #[test]
    fn commands_in_hints_name_the_function() {
        let problem = Problem::from(&Error::new(ErrorCode::VersionNotFound, "no 9"));
        let hint = for_problem(&problem, "/v1/functions/hello/rollback").unwrap();
        assert_eq!(hint, "see which there are: lambent versions hello");
        assert_eq!(function("/v1/functions?limit=1"), None);
    }

    #[test]
    fn hints_fit_where_they_are_told() {
        let problem = |code| Problem::from(&Error::new(code, "why"));
        let elsewhere = for_problem(&problem(ErrorCode::PreconditionFailed), "/v1/queues/q");
        assert!(elsewhere.unwrap().starts_with("see what it is now"));
        for code in ErrorCode::ALL {
            let hint = for_problem(&problem(code), "/v1/functions/f").unwrap_or_default();
            assert!(!hint.contains('{'), "{code:?}: {hint}");
        }
    }
}
