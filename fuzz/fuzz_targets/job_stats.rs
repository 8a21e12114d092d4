//! The body of one parameter, `job_stats` first of all.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_support::run(&lustre::param::kind::BODY, bytes);
    fuzz_support::run(&lustre::param::kind::BODY, &[b"job_stats:\n", bytes].concat());
});
