//! Configuration logs and other files of a target's CONFIGS, on disk.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_support::run_named("llog", bytes);
    fuzz_support::run_named("last-rcvd", bytes);
});
