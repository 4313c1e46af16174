//! Label selectors (`-l` and LabelSelector objects).
