//! JSON of every tool that prints it, damaged.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for part in ["json", "lsblk", "findmnt", "zpool-status", "zfs-get", "kubernetes", "iml-state"] {
        fuzz_support::run_named(part, bytes);
    }
});
