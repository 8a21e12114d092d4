//! CONFIGS/mountdata of a target.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_support::run_named("mountdata", bytes));
