//! The pages of the store's file, each with a checksum in its last 8 bytes: a layer over SQLite's own way to files that
//! writes the checksum with every page and compares it with every page that is read. Knows no table.
//!
//! A row's digest tells that a row is whole; that no row is missing where an index was damaged only this can tell. It is
//! for the store's file alone: the log that waits to be played back has SQLite's checksums, and is cut at the first wrong one.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};
use rusqlite::{Connection, OpenFlags};

use super::digest;

/// The layer's name among SQLite's ways to files.
const NAME: &CStr = c"kstate";

/// The size of a page, SQLite's default; the layer knows pages by it.
pub(super) const SIZE: usize = 4096;

/// The bytes at a page's end that SQLite leaves to the layer.
pub(super) const RESERVED: c_int = 8;
const BODY: usize = SIZE - RESERVED as usize;

/// How often a page whose checksum is wrong is read again: the very first page is read before SQLite holds a lock that
/// keeps another process from writing it at that moment.
const READINGS: usize = 4;

thread_local! {
    static DAMAGED: Cell<Option<i64>> = const { Cell::new(None) };
}

/// The number of the page that this thread found damaged last, told once.
pub(super) fn take_damaged() -> Option<i64> {
    DAMAGED.take()
}

/// Opens a file whose pages have checksums.
pub(super) fn open(file: &std::path::Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    match *REGISTERED.get_or_init(register) {
        ffi::SQLITE_OK => Connection::open_with_flags_and_vfs(file, flags, NAME),
        code => Err(failure(code)),
    }
}

fn failure(code: c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

/// Leaves the log's two files beside the store's when the last process closes it, empty: to make and remove them is an
/// eighth of what a short command takes.
pub(super) fn keep_log_files(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_size_limit", 0)?;
    tell(connection, ffi::SQLITE_FCNTL_PERSIST_WAL, 1)
}

/// Tells the layers below SQLite a number.
fn tell(connection: &Connection, what: c_int, mut number: c_int) -> rusqlite::Result<()> {
    // SAFETY: the handle is open for as long as the connection is borrowed, and SQLite reads one int from the pointer.
    let code = unsafe { ffi::sqlite3_file_control(connection.handle(), ptr::null(), what, (&raw mut number).cast()) };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(failure(code)) }
}

/// Lets a new file have room for the checksums; called before anything is written to it.
pub(super) fn reserve(connection: &Connection) -> rusqlite::Result<()> {
    tell(connection, ffi::SQLITE_FCNTL_RESERVE_BYTES, RESERVED)?;
    connection.pragma_update(None, "page_size", SIZE as i64)
}

/// Makes the layer known to SQLite, on top of what is its default way to files by now.
fn register() -> c_int {
    // SAFETY: the default is a static of SQLite's, or one that whoever registered it keeps for as long. The copy is leaked,
    // so it lives as long. Its functions other than xOpen are called with the copy and use nothing of it but sizes.
    unsafe {
        let below = ffi::sqlite3_vfs_find(ptr::null());
        if below.is_null() {
            return ffi::SQLITE_CANTOPEN;
        }
        let layer = Box::leak(Box::new(*below));
        layer.zName = NAME.as_ptr();
        layer.pNext = ptr::null_mut();
        layer.pAppData = below.cast();
        layer.szOsFile += HEADER as c_int;
        layer.xOpen = Some(open_file);
        ffi::sqlite3_vfs_register(layer, 0)
    }
}

/// What stands before the lower layer's file in memory: the table of methods, as a `sqlite3_file` begins with.
const HEADER: usize = size_of::<sqlite3_file>();

/// The lower layer's part of an open file.
///
/// # Safety
/// `file` was opened by [`open_file`] as the store's file.
unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    unsafe { file.byte_add(HEADER) }
}

/// Opens the store's file through the layer, and every other one (logs, temporary files) without it.
unsafe extern "C" fn open_file(
    layer: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    got: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the layer that was registered and with `szOsFile` bytes of memory for the file.
    unsafe {
        let lower: *mut sqlite3_vfs = (*layer).pAppData.cast();
        let Some(open) = (*lower).xOpen else { return ffi::SQLITE_CANTOPEN };
        if flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
            return open(lower, name, file, flags, got);
        }
        let inner = below(file);
        (*inner).pMethods = ptr::null();
        let code = open(lower, name, inner, flags, got);
        // Where there are methods SQLite closes the file, be it that opening failed.
        (*file).pMethods = if (*inner).pMethods.is_null() { ptr::null() } else { &raw const METHODS };
        code
    }
}

/// A method that the lower layer answers alone.
macro_rules! forward {
    ($name:ident, $method:ident $(, $argument:ident: $type:ty)*) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: SQLite calls the methods of files that `open_file` opened, with what the method takes.
            unsafe {
                let inner = below(file);
                match (*(*inner).pMethods).$method {
                    Some(call) => call(inner $(, $argument)*),
                    None => ffi::SQLITE_IOERR,
                }
            }
        }
    };
}

forward!(close, xClose);
forward!(truncate, xTruncate, size: i64);
forward!(sync, xSync, flags: c_int);
forward!(file_size, xFileSize, size: *mut i64);
forward!(lock, xLock, level: c_int);
forward!(unlock, xUnlock, level: c_int);
forward!(check_reserved_lock, xCheckReservedLock, held: *mut c_int);
forward!(file_control, xFileControl, what: c_int, with: *mut c_void);
forward!(sector_size, xSectorSize);
forward!(device_characteristics, xDeviceCharacteristics);
forward!(shm_map, xShmMap, region: c_int, size: c_int, extend: c_int, at: *mut *mut c_void);
forward!(shm_lock, xShmLock, offset: c_int, count: c_int, flags: c_int);
forward!(shm_unmap, xShmUnmap, delete: c_int);

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: as for the methods above.
    unsafe {
        let inner = below(file);
        if let Some(call) = (*(*inner).pMethods).xShmBarrier {
            call(inner);
        }
    }
}

/// Version 2: no memory-mapped pages, which would go past the comparison.
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

unsafe extern "C" fn read(file: *mut sqlite3_file, to: *mut c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as for the methods above; `to` has room for `amount` bytes.
    unsafe {
        let inner = below(file);
        let Some(call) = (*(*inner).pMethods).xRead else { return ffi::SQLITE_IOERR };
        let Some(number) = page(amount, offset) else { return call(inner, to, amount, offset) };
        for _ in 0..READINGS {
            let code = call(inner, to, amount, offset);
            // SQLite would take a page that is cut off for one of zeros.
            if code != ffi::SQLITE_OK && code != ffi::SQLITE_IOERR_SHORT_READ {
                return code;
            }
            let bytes: &[u8; SIZE] = &*to.cast();
            if code == ffi::SQLITE_OK && bytes[BODY..] == checksum(number, bytes) {
                return ffi::SQLITE_OK;
            }
        }
        DAMAGED.set(Some(number));
        ffi::SQLITE_IOERR_DATA
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as for the methods above; `from` has `amount` bytes.
    unsafe {
        let inner = below(file);
        let Some(call) = (*(*inner).pMethods).xWrite else { return ffi::SQLITE_IOERR };
        let Some(number) = page(amount, offset) else { return call(inner, from, amount, offset) };
        // A copy: SQLite's own is not ours to write to.
        let mut bytes: [u8; SIZE] = *from.cast();
        let checksum = checksum(number, &bytes);
        bytes[BODY..].copy_from_slice(&checksum);
        call(inner, bytes.as_ptr().cast(), amount, offset)
    }
}

/// The number of the page that is read or written, the first is 1; `None` when it is no whole page.
fn page(amount: c_int, offset: i64) -> Option<i64> {
    let size = SIZE as i64;
    (i64::from(amount) == size && offset % size == 0).then(|| offset / size + 1)
}

fn checksum(number: i64, bytes: &[u8; SIZE]) -> [u8; RESERVED as usize] {
    digest::of_page(number, &bytes[..BODY]).to_le_bytes()
}
