/// The media type that a name's ending says, with the encoding of what is text; none if nobody knows it.
pub(crate) fn of(name: &str) -> Option<String> {
    let found = mime_guess::from_path(name).first_raw()?;
    let is_text = found.starts_with("text/");
    Some(if is_text { format!("{found}; charset=utf-8") } else { found.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_web_sites_have_is_known() {
        for (name, media_type) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/b.CSS", "text/css; charset=utf-8"),
            ("app.min.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "application/javascript"),
            ("logo.svg", "image/svg+xml"),
            ("a.woff2", "font/woff2"),
            ("a.avif", "image/avif"),
            ("favicon.ico", "image/x-icon"),
            ("app.webmanifest", "application/manifest+json"),
            ("a.json", "application/json"),
            ("a.wasm", "application/wasm"),
            ("cat.jpg", "image/jpeg"),
        ] {
            assert_eq!(of(name).as_deref(), Some(media_type), "{name}");
        }
        assert_eq!((of("LICENSE"), of("a.unknown-ending")), (None, None));
    }
}
