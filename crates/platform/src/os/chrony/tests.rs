//! Text and comma-separated values say the same.

use super::*;
use stdx::reading::{Likelihood, Sample};

const TRACKING_TEXT: &str = "Reference ID    : C0000201 (time1.example.com)\nStratum         : 3\nRef time (UTC)  : Tue Jul 09 08:01:06 2019\nSystem time     : 0.000050517 seconds slow of NTP time\nLast offset     : -0.000442775 seconds\nRMS offset      : 0.000999328 seconds\nFrequency       : 2.054 ppm slow\nResidual freq   : -0.004 ppm\nSkew            : 0.182 ppm\nRoot delay      : 0.023675382 seconds\nRoot dispersion : 0.001886752 seconds\nUpdate interval : 1042.2 seconds\nLeap status     : Normal\n";

#[test]
fn tracking_is_read_from_both_forms() {
    let (found, skips) = tracking(TRACKING_TEXT.as_bytes());
    assert_eq!(skips, []);
    let text = found.unwrap();
    assert_eq!(text.offset_ns, Some(-50_517));
    assert_eq!(
        (text.frequency_ppb, text.skew_ppb),
        (Some(-2054), Some(182))
    );
    assert_eq!(
        (text.reference.as_deref(), text.stratum),
        (Some("time1.example.com"), 3)
    );
    assert!(text.is_synced());
    let (found, skips) = tracking(b"C0000201,time1.example.com,3,1562659266.000000000,-0.000050517,-0.000442775,0.000999328,-2.054,-0.004,0.182,0.023675382,0.001886752,1042.2,Normal\r\n");
    assert_eq!(skips, []);
    let mut csv = found.unwrap();
    csv.reference_time.clone_from(&text.reference_time);
    assert_eq!(csv, text);
}

#[test]
fn a_clock_that_follows_nothing_is_told() {
    let (found, _) = tracking(b"Reference ID    : 00000000 ()\nStratum         : 0\nSkew            : much\nLeap status     : Not synchronised\n");
    let found = found.unwrap();
    assert!(!found.is_synced() && found.reference.is_none());
    let (found, skips) = tracking(b"506 Cannot talk to daemon\n");
    assert_eq!((found, skips[0].kind), (None, SkipKind::ErrorText));
}

#[test]
fn sources_are_read_from_both_forms() {
    let (found, skips) = sources(b"210 Number of sources = 3\n\n  .-- Source mode  '^' = server, '=' = peer, '#' = local clock.\n / .- Source state '*' = current synced\n| /   '?' = unreachable\n||                                                 .- xxxx [ yyyy ] +/- zzzz\nMS Name/IP address         Stratum Poll Reach LastRx Last sample\n===============================================================================\n^* 10.0.0.1                      2  10   377   302  +3450us[+3432us] +/-   40ms\n#? GPS0                          0   4     0     -     +0ns[   +0ns] +/-    0ns\n^x bad                          16   6    17   21m    -12ms[  -12ms] +/- 1500us\nrubbish\n");
    assert_eq!((found.len(), skips.len(), skips[0].line), (3, 1, 12));
    let one = &found[0];
    assert_eq!((one.mode, one.state), (Mode::Server, State::Selected));
    assert_eq!((one.reach, one.last_rx_s), (255, Some(302)));
    assert_eq!(
        (one.offset_ns, one.error_ns),
        (Some(3_432_000), Some(40_000_000))
    );
    assert_eq!(
        (found[1].mode, found[1].last_rx_s),
        (Mode::ReferenceClock, None)
    );
    assert_eq!(
        (found[2].state, found[2].last_rx_s),
        (State::Falseticker, Some(1260))
    );
    let (csv, skips) = sources(b"^,*,10.0.0.1,2,10,377,302,0.003450000,0.003432000,0.040000000\n#,?,GPS0,0,4,0,4294967295,0.000000000,0.000000000,0.000000000\n");
    assert_eq!(skips, []);
    assert_eq!(csv, found[..2]);
}

#[test]
fn statistics_are_read_from_both_forms() {
    let (found, skips) = sourcestats(b"210 Number of sources = 1\nName/IP Address            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev\n==============================================================================\n10.0.0.1                   11   5   46m     -0.001      0.045     +1us    25us\n");
    assert_eq!(skips, []);
    let (csv, skips) = sourcestats(b"10.0.0.1,11,5,2760,-0.001,0.045,0.000001,0.000025\n");
    assert_eq!((skips.len(), &csv), (0, &found));
    assert_eq!(
        (csv[0].frequency_ppb, csv[0].deviation_ns),
        (Some(-1), Some(25_000))
    );
}

#[test]
fn each_kind_knows_its_own() {
    fn best(text: &str) -> &'static str {
        let sample = Sample {
            name: "",
            head: text.as_bytes(),
        };
        let all = [&TRACKING, &SOURCES, &STATS];
        let sure = |kind: &&Kind| -> Likelihood { (kind.guess)(sample) };
        let best = all.into_iter().max_by_key(sure).unwrap();
        if sure(&best) == 0 { "none" } else { best.name }
    }
    assert_eq!(best(TRACKING_TEXT), "chronyc-tracking");
    assert_eq!(
        best("^,*,10.0.0.1,2,10,377,302,0.1,0.1,0.1\n"),
        "chronyc-sources"
    );
    assert_eq!(
        best("10.0.0.1,11,5,2760,-0.001,0.045,0.1,0.2\n"),
        "chronyc-sourcestats"
    );
    assert_eq!(best("a,b,c\n"), "none");
}
