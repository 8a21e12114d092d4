//! XML of crm_mon, of the CIB and of storage controllers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_support::run_named("crm-mon", bytes);
    fuzz_support::run_named("cib", bytes);
    fuzz_support::run_named("sfa", bytes);
});
