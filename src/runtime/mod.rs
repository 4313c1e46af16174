//! DOOR processes: the sandbox a pod's processes run in.

pub mod dns;
#[cfg(target_os = "linux")]
pub mod http;
pub mod tools;
