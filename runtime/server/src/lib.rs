//! The composition root: listener, native API, function traffic, telemetry, drain.
