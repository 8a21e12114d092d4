//! XML of crm_mon.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_support::run_named("crm-mon", bytes));
