use std::fs;

use self::bindings::exports::lambent::runtime::preparation::{Failure, Guest};

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/deps/io", "../../../wit/deps/cli", "../../../wit/deps/clocks",
            "../../../wit/deps/http", "../../../wit/function", "../../../wit/runtime",
        ],
        inline: "package lambent:guest; world prepares { export lambent:runtime/preparation@0.1.0; }",
        world: "lambent:guest/prepares",
        generate_all,
    });
}

struct Preparation;

bindings::export!(Preparation with_types_in bindings);

impl Guest for Preparation {
    /// Adds the upper case of `app.txt`, if there is one, and a file to the layers, and tries to
    /// replace others.
    fn prepare() -> Result<(), Failure> {
        let Ok(text) = fs::read_to_string("/var/task/app.txt") else { return Ok(()) };
        if text.starts_with("trap") {
            std::process::abort();
        }
        let mut added = vec![
            ("var/task/cache/app.upper", text.to_uppercase()),
            ("var/task/app.txt", "other".into()),
        ];
        if fs::exists("/opt").is_ok_and(|there| there) {
            added.extend(
                ["opt/cache/layer.txt", "opt/shared.txt"].map(|path| (path, "other".into())),
            );
        }
        for (path, text) in added {
            let path = std::path::Path::new("/tmp/prepared").join(path);
            let made = fs::create_dir_all(path.parent().unwrap_or(&path));
            made.and_then(|()| fs::write(&path, text)).unwrap_or_else(|error| eprintln!("{error}"));
        }
        Ok(())
    }
}
