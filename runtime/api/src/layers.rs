use lambent_types::Layer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// All layers of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LayerList {
    /// The layers, by name.
    pub layers: Vec<Layer>,
}
