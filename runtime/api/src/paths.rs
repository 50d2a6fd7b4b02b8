//! The paths of the API, as templates of OpenAPI. `{key}` stands for all that
//! follows, slashes included; every other parameter is one segment.

use std::fmt::Write as _;

macro_rules! paths {
    ($($name:ident = $path:literal;)*) => {
        $(#[doc = concat!("`", $path, "`")]
        pub const $name: &str = $path;)*
    };
}

paths! {
    FUNCTIONS = "/v1/functions";
    FUNCTION = "/v1/functions/{name}";
    CODE = "/v1/functions/{name}/code";
    VERSIONS = "/v1/functions/{name}/versions";
    VERSION = "/v1/functions/{name}/versions/{version}";
    ALIASES = "/v1/functions/{name}/aliases";
    ALIAS = "/v1/functions/{name}/aliases/{alias}";
    DIFF = "/v1/functions/{name}/diff";
    RELEASES = "/v1/functions/{name}/releases";
    RELEASE = "/v1/functions/{name}/releases/{alias}";
    CONCURRENCY = "/v1/functions/{name}/concurrency";
    PROVISIONED = "/v1/functions/{name}/provisioned";
    PROVISIONED_OF = "/v1/functions/{name}/provisioned/{qualifier}";
    ROLLBACK = "/v1/functions/{name}/rollback";
    LOGS = "/v1/functions/{name}/logs";
    INVOCATIONS = "/v1/functions/{name}/invocations";
    OBJECTS = "/v1/buckets/{name}/objects";
    OBJECT = "/v1/buckets/{name}/objects/{key}";
    UPLOADS = "/v1/buckets/{name}/uploads";
    UPLOAD = "/v1/buckets/{name}/uploads/{upload}";
    PART = "/v1/buckets/{name}/uploads/{upload}/parts/{number}";
    KEYS = "/v1/keyspaces/{name}/keys";
    KEY = "/v1/keyspaces/{name}/keys/{key}";
    INCREMENT = "/v1/keyspaces/{name}/increments/{key}";
    BATCH = "/v1/keyspaces/{name}/batch";
    GET_ITEMS = "/v1/tables/{name}/get";
    QUERY_ITEMS = "/v1/tables/{name}/query";
    SCAN_ITEMS = "/v1/tables/{name}/scan";
    TABLE_STREAM = "/v1/tables/{name}/stream";
    STREAM_RECORDS = "/v1/tables/{name}/stream/records";
    BACKUPS_OF_TABLE = "/v1/tables/{name}/backups";
    TABLE_BACKUP = "/v1/tables/{name}/backups/{backup}";
    RESTORE_TABLE = "/v1/tables/{name}/backups/{backup}/restore";
    TABLE_BACKUPS = "/v1/table-backups";
    TRANSACTIONS = "/v1/transactions";
    MESSAGES = "/v1/queues/{name}/messages";
    RECEIVE = "/v1/queues/{name}/receive";
    RECEIPT = "/v1/queues/{name}/receipts/{receipt}";
    DELETE_MESSAGES = "/v1/queues/{name}/delete";
    PURGE = "/v1/queues/{name}/purge";
    REDRIVE = "/v1/queues/{name}/redrive";
    TOPIC_MESSAGES = "/v1/topics/{name}/messages";
    USAGE = "/v1/usage";
    LAYERS = "/v1/layers";
    LAYER = "/v1/layers/{name}";
    LAYER_VERSION = "/v1/layers/{name}/versions/{version}";
    RUNTIMES = "/v1/runtimes";
    RUNTIME = "/v1/runtimes/{name}";
    NAMESPACES = "/v1/namespaces";
    NAMESPACE = "/v1/namespaces/{name}";
    ACCESS_KEYS = "/v1/access-keys";
    ACCESS_KEY = "/v1/access-keys/{name}";
    SECRETS = "/v1/secrets";
    SECRET = "/v1/secrets/{key}";
    SECRET_VALUE = "/v1/secret-values/{key}";
    PARAMETERS = "/v1/parameters";
    PARAMETER = "/v1/parameters/{key}";
    PARAMETER_VALUE = "/v1/parameter-values/{key}";
    OPENAPI = "/v1/openapi.json";
}

/// A path of the API: a template whose parameters have these values, in their order.
/// What cannot stand in a path is percent-encoded.
#[must_use]
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    for (index, piece) in template.split(['{', '}']).enumerate() {
        // Every second piece is the name of a parameter.
        if index % 2 == 0 {
            out.push_str(piece);
        } else if let Some(value) = values.next() {
            escape(value, piece == "key", &mut out);
        }
    }
    out
}

/// Writes text so that no proxy or library takes it for something else than what it
/// is. With `slashes` a `/` stays where it separates segments. Segments of dots alone
/// are escaped.
fn escape(text: &str, slashes: bool, out: &mut String) {
    let segments: Vec<_> = if slashes { text.split('/').collect() } else { vec![text] };
    for (index, segment) in segments.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).and_then(|before| segments.get(before)) {
            // Empty segments would be lost on the way.
            let empty = segment.is_empty() || before.is_empty();
            out.push_str(if empty { "%2F" } else { "/" });
        }
        let dots = matches!(*segment, "." | "..");
        for byte in segment.bytes() {
            let stays = byte.is_ascii_alphanumeric() || b"-_~$:".contains(&byte);
            if stays || (byte == b'.' && !dots) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_in_their_order() {
        assert_eq!(fill(PART, &["photos", "u1", "7"]), "/v1/buckets/photos/uploads/u1/parts/7");
        assert_eq!(fill(FUNCTIONS, &[]), "/v1/functions");
        assert_eq!(fill(RECEIPT, &["orders", "a/b"]), "/v1/queues/orders/receipts/a%2Fb");
    }

    #[test]
    fn keys_survive_a_path() {
        let key = |key| fill(KEY, &["x", key]).replacen("/v1/keyspaces/x/keys/", "", 1);
        assert_eq!(key("a/b c.jpg"), "a/b%20c.jpg");
        assert_eq!(key("/x//y/"), "%2Fx%2F%2Fy%2F");
        assert_eq!(key("../é?#%"), "%2E%2E/%C3%A9%3F%23%25");
    }
}
