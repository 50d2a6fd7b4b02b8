//! Advice for each of the server's error codes.

use lambent_types::{ErrorCode, Problem};

/// A next step for whoever got this problem from `path`; `key_notes` says where
/// a key was looked for. `None` where the detail already says all there is.
pub(crate) fn for_problem(problem: &Problem, path: &str, key_notes: &[String]) -> Option<String> {
    let name = function(path);
    let hint = match problem.code {
        ErrorCode::Unauthorized => return Some(about_keys(key_notes)),
        ErrorCode::FunctionNotFound => "see which there are: lambent list".into(),
        ErrorCode::VersionNotFound => format!("see which there are: lambent versions {name}"),
        ErrorCode::PreconditionFailed if name == NO_NAME => {
            "it was changed meanwhile: look at what it is now, then repeat".into()
        }
        ErrorCode::PreconditionFailed => format!(
            "see what it is now: lambent describe {name}\n\
             then repeat with the revision shown there"
        ),
        ErrorCode::NotInvocable => format!("see what it exports: lambent describe {name}"),
        ErrorCode::Internal => match &problem.request_id {
            Some(id) => format!("the server's own log says more, under request {id}"),
            None => "the server's own log says more".into(),
        },
        ErrorCode::StorageUnavailable => {
            "check the disk that holds the server's data directory, then try again".into()
        }
        ErrorCode::MemoryExhausted
        | ErrorCode::Overloaded
        | ErrorCode::ShuttingDown
        | ErrorCode::Throttled => "nothing was changed; try again in a moment".into(),
        ErrorCode::BucketNotFound => "see which there are: lambent bucket list".into(),
        ErrorCode::KeyspaceNotFound => "see which there are: lambent keyspace list".into(),
        ErrorCode::QueueNotFound => "see which there are: lambent queue list".into(),
        ErrorCode::ScheduleNotFound => "see which there are: lambent schedule list".into(),
        ErrorCode::TriggerNotFound => "see which there are: lambent trigger list".into(),
        ErrorCode::CompileLimit => {
            "the server sets the limits; more time: lambent serve --compile-cpu-seconds N".into()
        }
        ErrorCode::CompileFailed
        | ErrorCode::Conflict
        | ErrorCode::DiskReserve
        | ErrorCode::KeyNotFound
        | ErrorCode::NotGranted
        | ErrorCode::ObjectNotFound
        | ErrorCode::QuotaExceeded
        | ErrorCode::RangeNotSatisfiable
        | ErrorCode::ReceiptExpired
        | ErrorCode::UploadNotFound
        | ErrorCode::Forbidden
        | ErrorCode::InvalidComponent
        | ErrorCode::InvalidConfiguration
        | ErrorCode::InvalidName
        | ErrorCode::InvalidRequest
        | ErrorCode::LoopDetected
        | ErrorCode::MethodNotAllowed
        | ErrorCode::NotFound
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnmetImports
        | ErrorCode::UnsupportedMediaType => return None,
    };
    Some(hint)
}

/// Stands for a name where the path has none.
const NO_NAME: &str = "<name>";

/// The function that a path of the API is about.
fn function(path: &str) -> &str {
    let rest = path.strip_prefix("/v1/functions/").unwrap_or_default();
    let name = rest.split(['/', '?']).next().unwrap_or_default();
    if name.is_empty() { NO_NAME } else { name }
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
        assert_eq!(function("/v1/functions?limit=1"), "<name>");
    }
}
