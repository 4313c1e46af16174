//! Kubernetes' own schema as a static table.
