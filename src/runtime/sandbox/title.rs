//! What a process is called in `ps`: its command line and its short name, set from within.
//!
//! Knows no containers.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;

use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::sys::prctl;
use nix::sys::stat::Mode;

/// The kernel's `struct prctl_mm_map`: where a process has its parts.
#[repr(C)]
struct Map {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    brk: u64,
    start_stack: u64,
    arg_start: u64,
    arg_end: u64,
    env_start: u64,
    env_end: u64,
    auxv: u64,
    auxv_size: u32,
    exe_fd: u32,
}

/// The fields of /proc/self/stat, counted from the one behind the name, which hold those places.
const PLACES: [usize; 10] = [23, 24, 42, 43, 44, 25, 45, 46, 47, 48];

/// Gives this process a command line. A kernel that is built without this (checkpoint and restore) keeps the old one.
pub fn set(argv: &[String]) {
    let Some(first) = argv.first() else { return };
    let name = first.rsplit('/').next().unwrap_or(first).split([':', ' ']).next().unwrap_or(first);
    if let Ok(name) = CString::new(name) {
        let _kept = prctl::set_name(&name);
    }
    let mut text: Vec<u8> = argv.iter().flat_map(|word| word.bytes().chain([0])).collect();
    // Its place is asked for as long as the process lives.
    text.shrink_to_fit();
    let _kept = point_to(text.leak());
}

/// A file of /proc about this process.
fn of_this_process(name: &str) -> Option<String> {
    let file = open(format!("/proc/self/{name}").as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok()?;
    let mut text = String::new();
    File::from(file).read_to_string(&mut text).ok()?;
    Some(text)
}

fn point_to(text: &'static [u8]) -> Option<()> {
    let stat = of_this_process("stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    let mut places = [0; PLACES.len()];
    for (place, field) in places.iter_mut().zip(PLACES) {
        *place = fields.get(field)?.trim().parse().ok()?;
    }
    let [start_code, end_code, start_data, end_data, start_brk, start_stack, _, _, env_start, env_end] = places;
    // SAFETY: asked for 0 bytes more, it moves nothing.
    let brk = unsafe { libc::sbrk(0) } as u64;
    let arg_start = text.as_ptr() as u64;
    let arg_end = arg_start + u64::try_from(text.len()).ok()?;
    let (auxv, auxv_size, exe_fd) = (0, 0, u32::MAX);
    let map = Map {
        start_code,
        end_code,
        start_data,
        end_data,
        start_brk,
        brk,
        start_stack,
        arg_start,
        arg_end,
        env_start,
        env_end,
        auxv,
        auxv_size,
        exe_fd,
    };
    // SAFETY: the structure outlives the call, and the text the process.
    let set = unsafe { libc::prctl(libc::PR_SET_MM, libc::PR_SET_MM_MAP, &raw const map, size_of::<Map>(), 0) };
    (set == 0).then_some(())
}

#[cfg(test)]
mod tests {
    /// In a process of its own: a test's process shall keep its name.
    #[test]
    fn a_process_is_called_what_it_says() {
        use nix::unistd::{ForkResult, fork};
        // SAFETY: the child makes system calls and reads a file, then ends.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                super::set(&["/bin/some thing".to_owned(), "-c".to_owned(), "x y".to_owned()]);
                let is = |name: &str, text: &str| super::of_this_process(name).is_some_and(|is| is == text);
                let named = is("cmdline", "/bin/some thing\0-c\0x y\0") && is("comm", "some\n");
                // SAFETY: nothing of the parent's is to be undone.
                unsafe { nix::libc::_exit(i32::from(!named)) }
            }
            ForkResult::Parent { child } => {
                let ended = nix::sys::wait::waitpid(child, None).unwrap();
                assert!(matches!(ended, nix::sys::wait::WaitStatus::Exited(_, 0)), "{ended:?}");
            }
        }
    }
}
