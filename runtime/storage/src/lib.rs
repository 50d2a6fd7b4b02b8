//! What the runtime keeps: one small trait per concern, and the embedded backend.
