//! Quantities: `100m`, `1Gi`, `1e3`.
