//! kubectl's dialect of JSONPath.
