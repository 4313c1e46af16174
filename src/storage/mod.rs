//! DOOR files: the store.
