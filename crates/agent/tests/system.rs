//! What the agent makes of a host's system, network and clock.

use agent::host::captured::CapturedHost;
use agent::observe;
use model::report::Report;
use serde_json::json;
use std::path::Path;

/// A capture of one moment: commands with their output, files with their text.
fn capture(folder: &Path, runs: &[(&[&str], &str)], files: &[(&str, &str)]) -> CapturedHost {
    let place = folder.join("now");
    std::fs::create_dir_all(&place).unwrap();
    let mut index = String::new();
    let commands = runs
        .iter()
        .map(|(argv, text)| (json!({"argv": argv}), *text, "stdout"));
    let contents = files
        .iter()
        .map(|(path, text)| (json!({"file": path}), *text, "data"));
    for (number, (mut line, text, key)) in commands.chain(contents).enumerate() {
        let name = format!("{number}.out");
        std::fs::write(place.join(&name), text).unwrap();
        line[key] = json!(name);
        index += &format!("{line}\n");
    }
    std::fs::write(place.join("index.jsonl"), index).unwrap();
    let host = json!({"format": 1, "hostname": "oss1", "machine_id": "m1",
        "moments": [{"name": "now", "offset_s": 0}]});
    std::fs::write(folder.join("host.json"), host.to_string()).unwrap();
    CapturedHost::open(folder).unwrap()
}

fn report(runs: &[(&[&str], &str)], files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    observe::report(&capture(folder.path(), runs, files))
}

const UNITS: &[&str] = &[
    "systemctl",
    "show",
    "-p",
    "Id,LoadState,ActiveState,SubState,UnitFileState",
    "lnet.service",
    "lustre.service",
    "pacemaker.service",
    "corosync.service",
    "pcsd.service",
    "sbd.service",
    "multipathd.service",
    "zfs-zed.service",
    "zfs.target",
    "chronyd.service",
    "chrony.service",
    "ntpd.service",
    "ntp.service",
    "systemd-timesyncd.service",
    "firewalld.service",
    "nftables.service",
    "mdmonitor.service",
];

#[test]
fn an_old_server_is_read_without_json() {
    let seen = report(
        &[
            (
                &["ip", "addr", "show"],
                "2: ib0: <UP,LOWER_UP> mtu 2044 qdisc mq state UP qlen 256\n    link/infiniband 20:00:05:18 brd 00:ff\n    inet 172.16.0.24/24 scope global ib0\n3: eth0: <UP> mtu 1500 state DOWN\n    link/ether 02:00 brd ff:ff\n",
            ),
            (
                &["uname", "-a"],
                "Linux oss1 3.10.0-1160.el7_lustre.x86_64 #1 SMP Mon Jan 1 00:00:00 UTC 2024 x86_64 x86_64 x86_64 GNU/Linux\n",
            ),
            (
                &[
                    "rpm",
                    "-qa",
                    "--qf",
                    "installed %{NAME} %{VERSION}-%{RELEASE}\\n",
                ],
                "installed lustre 2.12.9-1.el7\ninstalled bash 4.2-1.el7\ninstalled kmod-zfs 0.7.13-1.el7\n",
            ),
            (
                &["ntpq", "-np"],
                "     remote           refid      st t when poll reach   delay   offset  jitter\n==============================================================================\n*10.0.0.1        .GPS.            1 u   12   64  377    0.123   -4.456   0.789\n 10.0.0.2        .INIT.          16 u    - 1024    0    0.000    0.000   0.000\n",
            ),
            (
                &["iptables", "-S"],
                "-P INPUT DROP\n-A INPUT -p tcp --dport 988 -j ACCEPT\n-A INPUT -j LUSTRE\n",
            ),
        ],
        &[
            (
                "/etc/os-release",
                "ID=\"centos\"\nVERSION_ID=\"7\"\nPRETTY_NAME=\"CentOS Linux 7 (Core)\"\n",
            ),
            (
                "/proc/meminfo",
                "MemTotal:  1048576 kB\nMemAvailable:  131073 kB\nSwapTotal: 4 kB\n",
            ),
            (
                "/proc/cpuinfo",
                "processor : 0\nmodel name : Xeon\nprocessor : 1\nmodel name : Xeon\n",
            ),
            ("/proc/stat", "cpu 1 2\nbtime 1700000000\n"),
        ],
    );
    let interfaces = seen.interfaces.unwrap();
    assert_eq!(
        (interfaces[0].kind.as_str(), interfaces[0].is_up),
        ("infiniband", true)
    );
    assert_eq!(
        (interfaces[1].kind.as_str(), interfaces[1].is_up),
        ("ethernet", false)
    );
    assert_eq!(seen.identity.addresses, ["172.16.0.24"]);
    let os = seen.os.unwrap();
    assert_eq!(
        (os.id.as_str(), os.version.as_str(), os.arch.as_str()),
        ("centos", "7", "x86_64")
    );
    assert_eq!(os.kernel, "3.10.0-1160.el7_lustre.x86_64");
    let hardware = seen.hardware.unwrap();
    assert_eq!((hardware.n_cpus, hardware.memory_bytes), (2, 1 << 30));
    assert_eq!(hardware.memory_available_bytes, 128 << 20);
    let packages = seen.packages.unwrap();
    assert_eq!(
        (packages.len(), packages[1].version.as_str()),
        (2, "2.12.9-1.el7")
    );
    let time = seen.time.unwrap();
    assert_eq!(
        (time.is_synced, time.stratum, time.offset_us),
        (Some(true), 2, Some(4000))
    );
    assert!(time.sources[0].is_selected && !time.sources[1].is_reachable);
    let firewall = seen.firewall.unwrap();
    assert_eq!(
        (firewall.kind.as_str(), firewall.is_active, firewall.n_rules),
        ("iptables", true, 1)
    );
    let booted = seen.identity.booted_at.unwrap();
    assert_eq!(booted.as_second(), 1_700_000_000);
}

#[test]
fn a_new_server_is_read() {
    let seen = report(
        &[
            (
                &["ip", "-j", "addr", "show"],
                r#"[{"ifindex":2,"ifname":"storage","link_type":"ether","mtu":9000,"operstate":"UP","flags":["UP"],"linkinfo":{"info_kind":"bond"},"addr_info":[{"local":"10.0.0.5","prefixlen":24}]}]"#,
            ),
            (
                UNITS,
                "Id=lnet.service\nLoadState=loaded\nActiveState=active\nSubState=exited\nUnitFileState=enabled\n\nId=sbd.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n",
            ),
            (
                &["chronyc", "-n", "tracking"],
                "Reference ID    : 0A000001 (10.0.0.1)\nStratum         : 3\nSystem time     : 0.001600000 seconds slow of NTP time\nLeap status     : Normal\n",
            ),
            (
                &["chronyc", "-n", "sources"],
                "MS Name/IP address         Stratum Poll Reach LastRx Last sample\n===============================================================================\n^* 10.0.0.1                      2  10   377   302  +3450us[+3432us] +/-   40ms\n^? 10.0.0.9                      0  10     0     -     +0ns[   +0ns] +/-    0ns\n",
            ),
            (
                &["nft", "list", "ruleset"],
                "table inet firewalld {\n\tchain filter_INPUT {\n\t\ttype filter hook input priority filter + 10; policy accept;\n\t\tct state established accept\n\t\treject with icmpx admin-prohibited\n\t}\n}\n",
            ),
        ],
        &[],
    );
    let interfaces = seen.interfaces.unwrap();
    assert_eq!(
        (interfaces[0].kind.as_str(), interfaces[0].mtu),
        ("bond", 9000)
    );
    let services = seen.services.unwrap();
    assert_eq!(
        (services.len(), services[0].unit.as_str()),
        (1, "lnet.service")
    );
    assert_eq!(
        (services[0].sub.as_str(), services[0].enabled.as_str()),
        ("exited", "enabled")
    );
    let time = seen.time.unwrap();
    assert_eq!(
        (time.offset_us, time.stratum, time.is_synced),
        (Some(-2000), 3, Some(true))
    );
    assert!(time.sources[0].is_selected && !time.sources[1].is_reachable);
    let firewall = seen.firewall.unwrap();
    assert_eq!(
        (firewall.kind.as_str(), firewall.is_active, firewall.n_rules),
        ("firewalld", true, 2)
    );
}
