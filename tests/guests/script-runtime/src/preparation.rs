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
    /// Adds the upper case of `app.txt`, if there is one, and tries to replace it.
    fn prepare() -> Result<(), Failure> {
        let Ok(text) = fs::read_to_string("/var/task/app.txt") else { return Ok(()) };
        if text.starts_with("trap") {
            std::process::abort();
        }
        for (path, text) in [("cache/app.upper", text.to_uppercase()), ("app.txt", "other".into())]
        {
            let path = std::path::Path::new("/tmp/prepared").join(path);
            let made = fs::create_dir_all(path.parent().unwrap_or(&path));
            made.and_then(|()| fs::write(&path, text)).unwrap_or_else(|error| eprintln!("{error}"));
        }
        Ok(())
    }
}
