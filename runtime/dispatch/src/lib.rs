//! Event to outcome: resolve, admit, run, meter.
