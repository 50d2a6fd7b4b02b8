/// A body of bytes of any kind. It describes bodies in the OpenAPI document.
#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Binary(pub Vec<u8>);
