//! The system calls that lead past namespaces: vsock sockets, which no network namespace holds, and io_uring, which makes
//! sockets without a call to `socket`. Refused as on a kernel that has neither.
//!
//! Knows system calls, not containers.

use nix::errno::Errno;
use nix::libc::{self, sock_filter, sock_fprog};

/// The calling convention that this program is built for; another one's calls have other numbers.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;

/// Set in the numbers of x86-64's other calling convention (x32); no other architecture has numbers as high.
const X32: u32 = 0x4000_0000;

/// Offsets in the kernel's `struct seccomp_data`.
const NUMBER: u32 = 0;
const CONVENTION: u32 = 4;
const FIRST_ARGUMENT: u32 = if cfg!(target_endian = "little") { 16 } else { 20 };

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

fn step(code: u16, k: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code, jt: yes, jf: no, k }
}

fn refuse(error: i32) -> sock_filter {
    step(RETURN, libc::SECCOMP_RET_ERRNO | error.unsigned_abs(), 0, 0)
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

/// The filter; jumps count the steps they skip.
fn filter(architecture: u32) -> [sock_filter; 13] {
    [
        step(LOAD, CONVENTION, 0, 0),
        step(IF_EQUAL, architecture, 1, 0),
        refuse(libc::ENOSYS),
        step(LOAD, NUMBER, 0, 0),
        step(IF_AT_LEAST, X32, 7, 0),
        step(IF_EQUAL, number(libc::SYS_io_uring_setup), 6, 0),
        step(IF_EQUAL, number(libc::SYS_socket), 1, 0),
        step(IF_EQUAL, number(libc::SYS_socketpair), 0, 2),
        step(LOAD, FIRST_ARGUMENT, 0, 0),
        step(IF_EQUAL, libc::AF_VSOCK.unsigned_abs(), 1, 0),
        step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
        refuse(libc::EAFNOSUPPORT),
        refuse(libc::ENOSYS),
    ]
}

/// Puts this process and all it starts under the filter. Needs `no_new_privs`.
///
/// # Errors
/// When the kernel refuses it. One that is built without filters is taken as it is.
pub fn install() -> nix::Result<()> {
    let Some(architecture) = ARCHITECTURE else { return Ok(()) };
    let mut steps = filter(architecture);
    let length = u16::try_from(steps.len()).unwrap_or_default();
    let program = sock_fprog { len: length, filter: steps.as_mut_ptr() };
    // SAFETY: the program and its steps outlive the call.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    match Errno::result(result) {
        Err(Errno::EINVAL | Errno::ENOSYS) => Ok(()),
        other => other.map(drop),
    }
}
