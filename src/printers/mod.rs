//! Tables and objects as text.
