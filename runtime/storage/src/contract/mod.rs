//! What every backend promises, as tests that take one.
