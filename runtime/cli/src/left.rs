// Read by the build script, too.

/// What is no part of a template and no change of a source: versions, what builds and package
/// managers leave behind, also where a template was built in its place, and the variables of
/// whoever has the folder, which may be secret.
pub(crate) const LEFT: [&str; 6] =
    [".git", ".lambent", "__pycache__", "lambent.env", "node_modules", "target"];
