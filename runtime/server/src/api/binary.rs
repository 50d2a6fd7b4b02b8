//! Bodies that are bytes and nothing else.

/// Bytes of any kind.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies in the document")]
pub(super) struct Binary(Vec<u8>);
