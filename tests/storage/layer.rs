//! A layer between SQLite and the file system, for this test process: it counts what is asked of files, fails what it is
//! told to, and writes down what a power failure may undo. What one thread sets holds for that thread alone.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device does not answer: EIO.
    Io,
    /// The disk is full: ENOSPC.
    Full,
    /// Half of it is written, and then the disk is full.
    Short,
}

/// What was done to a file: its name and what changed.
#[derive(Clone, Debug)]
pub enum Did {
    Write {
        file: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        to: usize,
    },
    Sync {
        file: String,
    },
    Delete {
        file: String,
    },
    /// Said by the test: what came before was acknowledged.
    Acknowledge(usize),
}

#[derive(Default)]
struct Plan {
    calls: usize,
    page_reads: usize,
    from: Option<usize>,
    fault: Option<Fault>,
    lasts: bool,
    fails_locks: bool,
    recorded: Option<Vec<Did>>,
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
}

/// Fails the call with this number, counted from now; and all after it, if it lasts.
pub fn fail(from: usize, fault: Fault, lasts: bool) {
    PLAN.with_borrow_mut(|p| *p = Plan { from: Some(from), fault: Some(fault), lasts, ..Plan::default() });
}

/// Fails every lock, as a network file system without a lock server does.
pub fn fail_locks() {
    PLAN.with_borrow_mut(|p| *p = Plan { fails_locks: true, ..Plan::default() });
}

/// Fails nothing any more; how many calls there were since the last change of plan.
pub fn heal() -> usize {
    PLAN.with_borrow_mut(|p| std::mem::take(p).calls)
}

/// How many pages were read from files since the last change of plan.
pub fn page_reads() -> usize {
    PLAN.with_borrow(|p| p.page_reads)
}

/// Writes down what is done from now on.
pub fn record() {
    PLAN.with_borrow_mut(|p| *p = Plan { recorded: Some(Vec::new()), ..Plan::default() });
}

/// What was done since [`record`].
pub fn recorded() -> Vec<Did> {
    PLAN.with_borrow_mut(|p| std::mem::take(p).recorded.unwrap_or_default())
}

pub fn note(did: impl FnOnce() -> Did) {
    PLAN.with_borrow_mut(|p| {
        if let Some(all) = &mut p.recorded {
            all.push(did());
        }
    });
}

/// Counts a call; the fault that it has to fail with.
fn call() -> Option<Fault> {
    PLAN.with_borrow_mut(|p| {
        let number = p.calls;
        p.calls += 1;
        let from = p.from?;
        if number == from || (p.lasts && number > from) { p.fault } else { None }
    })
}

/// Puts the layer below every store that this process opens. Called before the first is.
pub fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // SAFETY: SQLite's own way to files is a static; the copy is leaked.
        unsafe {
            let lower = ffi::sqlite3_vfs_find(ptr::null());
            LOWER.set(lower as usize).unwrap();
            let layer = Box::leak(Box::new(*lower));
            layer.zName = c"faulty".as_ptr();
            layer.pNext = ptr::null_mut();
            layer.szOsFile += size_of::<File>() as c_int;
            layer.xOpen = Some(open);
            layer.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(layer, 1), ffi::SQLITE_OK);
        }
    });
}

/// In a static, because the store's own layer calls these functions with itself.
static LOWER: OnceLock<usize> = OnceLock::new();

fn lower() -> *mut sqlite3_vfs {
    *LOWER.get().unwrap() as *mut sqlite3_vfs
}

#[repr(C)]
struct File {
    base: sqlite3_file,
    name: *const c_char,
}

fn text(name: *const c_char) -> String {
    // SAFETY: SQLite's names end with a zero and live as long as the file is open.
    if name.is_null() { String::new() } else { unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned() }
}

unsafe fn name(file: *mut sqlite3_file) -> String {
    text(unsafe { (*file.cast::<File>()).name })
}

unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    unsafe { file.byte_add(size_of::<File>()) }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    got: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = ptr::null();
        if call().is_some() {
            return ffi::SQLITE_CANTOPEN;
        }
        let inner = below(file);
        (*inner).pMethods = ptr::null();
        (*file.cast::<File>()).name = name;
        let code = (*lower()).xOpen.unwrap()(lower(), name, inner, flags, got);
        (*file).pMethods = if (*inner).pMethods.is_null() { ptr::null() } else { &raw const METHODS };
        code
    }
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if call().is_some() {
        return ffi::SQLITE_IOERR_DELETE;
    }
    note(|| Did::Delete { file: text(name) });
    unsafe { (*lower()).xDelete.unwrap()(lower(), name, sync) }
}

macro_rules! forward {
    ($function:ident, $method:ident, $failed:expr $(, $argument:ident: $type:ty)*) => {
        unsafe extern "C" fn $function(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            let failed: Option<c_int> = $failed;
            if let Some(code) = failed {
                return code;
            }
            unsafe {
                let inner = below(file);
                (*(*inner).pMethods).$method.unwrap()(inner $(, $argument)*)
            }
        }
    };
}

fn no_lock() -> Option<c_int> {
    PLAN.with_borrow(|p| p.fails_locks)
        .then_some(ffi::SQLITE_IOERR_LOCK)
        .or_else(|| call().map(|_| ffi::SQLITE_IOERR_LOCK))
}

fn no_shm() -> Option<c_int> {
    call().map(|fault| if fault == Fault::Io { ffi::SQLITE_IOERR_SHMMAP } else { ffi::SQLITE_IOERR_SHMSIZE })
}

forward!(close, xClose, None);
forward!(file_size, xFileSize, call().map(|_| ffi::SQLITE_IOERR_FSTAT), size: *mut i64);
forward!(lock, xLock, no_lock(), level: c_int);
forward!(unlock, xUnlock, None, level: c_int);
forward!(check_reserved_lock, xCheckReservedLock, None, held: *mut c_int);
forward!(file_control, xFileControl, None, what: c_int, with: *mut c_void);
forward!(sector_size, xSectorSize, None);
forward!(device_characteristics, xDeviceCharacteristics, None);
forward!(shm_map, xShmMap, no_shm(), region: c_int, size: c_int, extend: c_int, at: *mut *mut c_void);
forward!(shm_lock, xShmLock, None, offset: c_int, count: c_int, flags: c_int);
forward!(shm_unmap, xShmUnmap, None, delete: c_int);

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    unsafe {
        let inner = below(file);
        (*(*inner).pMethods).xShmBarrier.unwrap()(inner);
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    if call().is_some() {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    unsafe {
        note(|| Did::Truncate { file: name(file), to: usize::try_from(size).unwrap() });
        let inner = below(file);
        (*(*inner).pMethods).xTruncate.unwrap()(inner, size)
    }
}

/// Counts and does nothing more: no power fails here but in the record.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    if call().is_some() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    note(|| Did::Sync { file: unsafe { name(file) } });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut sqlite3_file, to: *mut c_void, amount: c_int, at: i64) -> c_int {
    if call() == Some(Fault::Io) {
        return ffi::SQLITE_IOERR_READ;
    }
    PLAN.with_borrow_mut(|p| p.page_reads += usize::from(amount == 4096));
    unsafe {
        let inner = below(file);
        (*(*inner).pMethods).xRead.unwrap()(inner, to, amount, at)
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, at: i64) -> c_int {
    unsafe {
        let inner = below(file);
        let lower = (*(*inner).pMethods).xWrite.unwrap();
        match call() {
            None => {}
            Some(Fault::Io) => return ffi::SQLITE_IOERR_WRITE,
            Some(Fault::Full) => return ffi::SQLITE_FULL,
            Some(Fault::Short) => {
                lower(inner, from, amount / 2, at);
                return ffi::SQLITE_FULL;
            }
        }
        note(|| {
            let bytes = std::slice::from_raw_parts(from.cast(), usize::try_from(amount).unwrap()).to_vec();
            Did::Write { file: name(file), at: usize::try_from(at).unwrap(), bytes }
        });
        lower(inner, from, amount, at)
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
