//! Tables and objects as text.
pub mod yaml;
