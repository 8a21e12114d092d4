//! A dump of `lctl get_param`, whole and in chunks: both must tell the same.
#![no_main]

use lustre::param::{kind, stream::Feeder};
use stdx::reading::Collected;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_support::run(&kind::GET_PARAM, bytes);
    let mut pieces = Collected::counting();
    let mut feeder = Feeder::new();
    bytes.chunks(61).for_each(|chunk| feeder.feed(chunk, &mut pieces));
    feeder.finish(&mut pieces);
    let mut whole = Collected::counting();
    (kind::GET_PARAM.read)(bytes, &mut whole);
    assert_eq!(pieces.counts, whole.counts);
});
