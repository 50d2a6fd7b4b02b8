//! The flags that say what pages of other origins may do.

use clap::Args;
use lambent_types::Cors;

/// What pages of other origins may do; nothing where no origin is given.
#[derive(Debug, Default, Args)]
pub(crate) struct CorsArgs {
    /// Let pages of an origin read the responses; * is any. May be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allow_origins: Vec<String>,

    /// Let them use a method beside GET, HEAD and POST; * is any. May be repeated
    #[arg(long = "allow-method", value_name = "METHOD", requires = "allow_origins")]
    allow_methods: Vec<String>,

    /// Let them send a header; * is any but authorization. May be repeated
    #[arg(long = "allow-header", value_name = "HEADER", requires = "allow_origins")]
    allow_headers: Vec<String>,

    /// Let them send cookies
    #[arg(long, requires = "allow_origins")]
    allow_credentials: bool,
}

impl CorsArgs {
    /// What is given, if anything is.
    pub(crate) fn settings(&self) -> Option<Cors> {
        let Self { allow_origins, allow_methods, allow_headers, allow_credentials } = self;
        (!allow_origins.is_empty()).then(|| Cors {
            allow_origins: allow_origins.clone(),
            allow_methods: allow_methods.clone(),
            allow_headers: allow_headers.clone(),
            allow_credentials: *allow_credentials,
            ..Cors::default()
        })
    }
}
