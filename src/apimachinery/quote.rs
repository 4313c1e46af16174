//! Strings quoted as Go quotes them (`%q`).
