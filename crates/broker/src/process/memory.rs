//! Locked memory for keys: the one module of this crate that talks to the memory manager.
//!
//! Always true
//! 1. The pages are never swapped (`mlock`), never in a core dump (`MADV_DONTDUMP`), and read as
//!    zeroes in a forked child (`MADV_WIPEONFORK`). When the system refuses any of these, there is
//!    no arena.
//! 2. An inaccessible page lies on either side, so running past the end stops the process.
//! 3. A place belongs to one [`KeyHome`] at a time, and is wiped when that home is dropped.
//!
//! Honest limit: the crypto library copies a key to its own heap while it uses it, and wipes that
//! copy. The whole process is non-dumpable for that reason (see [`super::hardening`]).

#![allow(unsafe_code, reason = "mmap, mprotect, mlock and madvise have no safe form")]

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};
use seal::key::{KEY_BYTES, KeyHome, KeyHomes, NoRoom};
use zeroize::Zeroize;

/// Keys that one arena holds: 32 KiB, half of the smallest common limit on locked memory (64 KiB).
pub(crate) const PLACES: usize = 1024;

const ARENA_BYTES: usize = PLACES * KEY_BYTES;

/// Why there is no locked memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The limit on locked memory is too low.
    #[error(
        "the system does not let this process lock 32 KiB of memory: raise the limit \
         (`ulimit -l`, or LimitMEMLOCK= in the unit) to at least 64 KiB"
    )]
    Limit,
    /// The kernel lacks something, or has no memory.
    #[error("the system does not give protected memory (system error {0})")]
    System(i32),
}

impl From<Errno> for MemoryError {
    fn from(errno: Errno) -> Self {
        Self::System(errno.raw_os_error())
    }
}

/// The locked pages and which places in them are taken.
struct Arena {
    mapping: NonNull<u8>,
    mapped_bytes: usize,
    first_place: NonNull<u8>,
    free: Mutex<Vec<usize>>,
}

// SAFETY: the mapping belongs to the arena alone; places are handed out once each, under the mutex,
// and each is read and written through its one `Place` only.
unsafe impl Send for Arena {}
// SAFETY: as above; nothing of the arena itself is written without the mutex.
unsafe impl Sync for Arena {}

/// Homes in locked memory.
#[derive(Clone)]
pub(crate) struct LockedHomes(Arc<Arena>);

impl LockedHomes {
    /// Maps, locks and guards the pages.
    ///
    /// # Errors
    /// [`MemoryError::Limit`] when the limit on locked memory is too low; [`MemoryError::System`]
    /// else.
    pub(crate) fn new() -> Result<Self, MemoryError> {
        let page = rustix::param::page_size();
        let body = ARENA_BYTES.next_multiple_of(page);
        let mapped_bytes = body + 2 * page;
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice aliases nothing.
        let mapping = unsafe {
            mm::mmap_anonymous(ptr::null_mut(), mapped_bytes, ProtFlags::empty(), MapFlags::PRIVATE)
        }?;
        let mapping = NonNull::new(mapping.cast::<u8>()).ok_or(MemoryError::System(0))?;
        // SAFETY: one page into a mapping of at least three.
        let first_place = unsafe { mapping.add(page) };
        // From here on dropping the arena unmaps the pages, also when protecting them fails.
        let free = Mutex::new((0..PLACES).collect());
        let arena = Arena { mapping, mapped_bytes, first_place, free };
        arena.protect(body)?;
        Ok(Self(Arc::new(arena)))
    }
}

impl Arena {
    fn protect(&self, body: usize) -> Result<(), MemoryError> {
        let start = self.first_place.as_ptr().cast::<c_void>();
        // SAFETY: `start` and `body` span exactly the pages between the two guards of our own
        // mapping, which nothing else refers to yet.
        unsafe {
            mm::mprotect(start, body, MprotectFlags::READ | MprotectFlags::WRITE)?;
            mm::madvise(start, body, Advice::LinuxDontDump)?;
            mm::madvise(start, body, Advice::LinuxWipeOnFork)?;
            mm::mlock(start, body).map_err(|errno| match errno {
                Errno::NOMEM | Errno::PERM | Errno::AGAIN => MemoryError::Limit,
                other => other.into(),
            })
        }
    }

    fn free_places(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, whole, and no place outlives its arena (each holds the
        // `Arc`).
        let _ = unsafe { mm::munmap(self.mapping.as_ptr().cast(), self.mapped_bytes) };
    }
}

impl KeyHomes for LockedHomes {
    fn home(&self) -> Result<Box<dyn KeyHome>, NoRoom> {
        let index = self.0.free_places().pop().ok_or(NoRoom)?;
        // SAFETY: `index` < PLACES, so the place lies inside the locked pages.
        let at = unsafe { self.0.first_place.add(index * KEY_BYTES) }.cast();
        Ok(Box::new(Place { arena: Arc::clone(&self.0), index, at }))
    }
}

/// One place, held by one owner.
struct Place {
    arena: Arc<Arena>,
    index: usize,
    at: NonNull<[u8; KEY_BYTES]>,
}

// SAFETY: the place is reached through this value only.
unsafe impl Send for Place {}
// SAFETY: shared references only read it; writing takes `&mut`.
unsafe impl Sync for Place {}

impl KeyHome for Place {
    fn bytes(&self) -> &[u8; KEY_BYTES] {
        // SAFETY: mapped, initialised (the kernel gives zeroes), and written through `&mut self`
        // only.
        unsafe { self.at.as_ref() }
    }

    fn bytes_mut(&mut self) -> &mut [u8; KEY_BYTES] {
        // SAFETY: as in `bytes`, and `&mut self` makes this the only reference.
        unsafe { self.at.as_mut() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        self.arena.free_places().push(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_overlap_and_come_back_wiped() {
        let homes = LockedHomes::new().unwrap();
        let mut all: Vec<_> = (0..PLACES).map(|_| homes.home().ok().unwrap()).collect();
        assert!(homes.home().is_err());
        for (number, home) in all.iter_mut().enumerate() {
            home.bytes_mut().fill(u8::try_from(number % 251).unwrap() + 1);
        }
        for (number, home) in all.iter().enumerate() {
            assert_eq!(home.bytes(), &[u8::try_from(number % 251).unwrap() + 1; KEY_BYTES]);
        }
        all.clear();
        assert_eq!(homes.home().ok().unwrap().bytes(), &[0; KEY_BYTES]);
    }

    #[test]
    fn the_pages_are_locked_left_out_of_dumps_and_guarded() {
        let homes = LockedHomes::new().unwrap();
        let start = homes.0.first_place.as_ptr() as usize;
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let of = |address: usize| {
            let mut flags = None;
            let mut inside = false;
            for line in maps.lines() {
                let range = line.split(' ').next().and_then(|range| range.split_once('-'));
                let ends = range.map(|(from, to)| {
                    (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
                });
                if let Some((Ok(from), Ok(to))) = ends {
                    inside = (from..to).contains(&address);
                    if inside {
                        flags = Some((line.to_owned(), String::new()));
                    }
                } else if let (true, Some(found)) = (inside, line.strip_prefix("VmFlags: ")) {
                    flags = flags.map(|(head, _)| (head, format!(" {found} ")));
                }
            }
            flags.unwrap()
        };
        let (head, flags) = of(start);
        assert!(head.contains(" rw-p "), "{head}");
        for flag in [" lo ", " dd ", " wf "] {
            assert!(flags.contains(flag), "{flag} missing in {flags}");
        }
        assert!(of(start - 1).0.contains(" ---p "));
        assert!(of(start + ARENA_BYTES).0.contains(" ---p "));
    }
}
