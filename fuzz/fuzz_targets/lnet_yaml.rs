//! YAML of lnetctl.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_support::run_named("lnet", bytes));
