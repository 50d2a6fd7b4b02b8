//! What to do about the server's errors: what its table of codes says, told of
//! the function at hand.

use lambent_types::{ErrorCode, Problem};

/// A next step for whoever got this problem from `path`; `key_notes` says where
/// a key was looked for. `None` where the detail already says all there is.
pub(crate) fn for_problem(problem: &Problem, path: &str, key_notes: &[String]) -> Option<String> {
    match (problem.code, function(path)) {
        (ErrorCode::Unauthorized, _) => Some(about_keys(key_notes)),
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

fn about_keys(notes: &[String]) -> String {
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
        let problem = Problem::from(&Error::new(ErrorCode::Unauthorized, "no key"));
        let hint = for_problem(&problem, "/v1/functions", &["/x does not exist".into()]).unwrap();
        assert!(hint.contains("LAMBENT_KEY"));
        assert!(hint.ends_with("\n- /x does not exist"));
    }

    #[test]
    fn commands_in_hints_name_the_function() {
        let problem = Problem::from(&Error::new(ErrorCode::VersionNotFound, "no 9"));
        let hint = for_problem(&problem, "/v1/functions/hello/rollback", &[]).unwrap();
        assert_eq!(hint, "see which there are: lambent versions hello");
        assert_eq!(function("/v1/functions?limit=1"), None);
    }

    #[test]
    fn hints_fit_where_they_are_told() {
        let problem = |code| Problem::from(&Error::new(code, "why"));
        let elsewhere = for_problem(&problem(ErrorCode::PreconditionFailed), "/v1/queues/q", &[]);
        assert!(elsewhere.unwrap().starts_with("see what it is now"));
        for code in ErrorCode::ALL {
            let hint = for_problem(&problem(code), "/v1/functions/f", &[]).unwrap_or_default();
            assert!(!hint.contains('{'), "{code:?}: {hint}");
        }
    }
}
