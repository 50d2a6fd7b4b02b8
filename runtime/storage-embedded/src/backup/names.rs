use std::path::{Component, Path};

use crate::layout;

/// Whether a file of this name, relative to the data directory, may be in a backup. What is not is
/// neither put into one nor restored of one.
pub(super) fn belongs(name: &Path) -> bool {
    let mut parts = Vec::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => match part.to_str() {
                Some(part) => parts.push(part),
                None => return false,
            },
            _ => return false,
        }
    }
    match parts.as_slice() {
        [single] => {
            let singles = [
                layout::FORMAT_FILE,
                layout::ROOT_KEY_FILE,
                layout::ACCESS_KEY_SEED_FILE,
                layout::SEED_DIGEST_FILE,
                layout::CONTROL_DB,
                layout::LOGS_DB,
            ];
            singles.contains(single) || layout::SHARD_DBS.contains(single)
        }
        [layout::CODE_DIR | layout::OBJECTS_DIR, _, _]
        | [layout::VOLUMES_DIR, _, layout::VOLUME_NAMES_DB]
        | [layout::VOLUMES_DIR, _, layout::VOLUME_FILES_DIR, _] => true,
        _ => false,
    }
}
