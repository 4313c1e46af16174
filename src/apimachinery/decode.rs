//! Strict decoding of a JSON value against a kind's schema, with the API server's errors.
