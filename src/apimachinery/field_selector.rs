//! Field selectors (`--field-selector`).
