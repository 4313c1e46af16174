//! DOOR processes: the sandbox a pod's processes run in.

#[cfg(target_os = "linux")]
pub mod http;
