//! The names the API allows, and what it says of the others.
