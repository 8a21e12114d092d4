//! What `list` and `show` of each noun say of themselves, and which filters they have.

/// What `list` and `show` say of a noun.
struct Words {
    noun: &'static str,
    /// Several of them.
    many: &'static str,
    /// A list of names that stands for several.
    names: &'static str,
    /// Examples of `list`, and of `show`.
    list: &'static str,
    show: &'static str,
    /// What `--state` and `--kind` take.
    states: &'static str,
    kinds: &'static str,
}

const NOUNS: &[Words] = &[
    Words {
        noun: "server",
        many: "servers",
        names: "oss[01-04]",
        list: "  candela server list 'oss[01-20]'
  candela server list --kind mds --state stale
  candela server list --fs lab01
  candela server list --output wide",
        show: "  candela server show oss01
  candela server show 'oss[01-02]' --output json",
        states: "`online`, `stale`, `revoked`",
        kinds: "`mgs`, `mds`, `oss`, `client`, `router`",
    },
    Words {
        noun: "target",
        many: "targets",
        names: "lab01-OST[0000-000f]",
        list: "  candela target list --fs lab01 --kind ost --state mounted
  candela target list --server oss01 --output wide
  candela target list --sort -bytes_available --limit 5",
        show: "  candela target show lab01-OST0003
  candela target show lab01-MDT0000 lab01-MDT0001 --output yaml",
        states: "`mounted`, `recovering`, `unmounted`, `stale`, `mounted-twice`, `missing`, `unknown`",
        kinds: "`mgt`, `mdt`, `ost`",
    },
    Words {
        noun: "fs",
        many: "file systems",
        names: "lab[01-02]",
        list: "  candela fs list
  candela fs list --state degraded --output json",
        show: "  candela fs show lab01",
        states: "`healthy`, `degraded`, `down`, `unknown`",
        kinds: "",
    },
    Words {
        noun: "device",
        many: "devices",
        names: "/dev/sd[1-2]",
        list: "  candela device list --server oss01
  candela device list --kind zpool
  candela device list --sort -size_bytes --limit 20 --output wide",
        show: "  candela device show /dev/mapper/mpatha
  candela device show wwn:0x5000c500a0000007",
        states: "",
        kinds: "`disk`, `partition`, `multipath`, `logical_volume`, `md_raid`, `zpool`, `dataset`…",
    },
    Words {
        noun: "net",
        many: "servers with their networks",
        names: "oss[01-04]",
        list: "  candela net list 'mds[1-2]'",
        show: "  candela net show mds1",
        states: "`online`, `stale`, `revoked`",
        kinds: "`mgs`, `mds`, `oss`, `client`, `router`",
    },
    Words {
        noun: "client",
        many: "client mounts",
        names: "login[1-4]:/mnt/lab01",
        list: "  candela client list --fs lab01
  candela client list --server login1 --output wide",
        show: "  candela client show login1:/mnt/lab01",
        states: "`mounted`, `stale`",
        kinds: "",
    },
    Words {
        noun: "zpool",
        many: "pools that are imported on servers that report here",
        names: "lab01-ost[0-3]",
        list: "  candela zpool list
  candela zpool list --server oss01",
        show: "  candela zpool show lab01-ost0",
        states: "",
        kinds: "",
    },
    Words {
        noun: "ha",
        many: "HA clusters",
        names: "oss[01-04]",
        list: "  candela ha list
  candela ha list --state degraded",
        show: "  candela ha show 'node1 + node2'
  candela ha show node1                 # the cluster that this server is in",
        states: "`healthy`, `degraded`, `unknown`",
        kinds: "",
    },
];

/// Gives each noun's `list` and `show` its own words and examples, and takes from
/// `list` the filters that the noun does not have.
pub fn complete(mut command: clap::Command) -> clap::Command {
    for words in NOUNS {
        command = command.mut_subcommand(words.noun, |of| {
            of.mut_subcommand("list", |verb| listing(verb, words))
                .mut_subcommand("show", |verb| {
                    let (many, names) = (words.many, words.names);
                    verb.about(format!(
                        "Show {many} in full: give one or several (`{names}`)"
                    ))
                    .after_help(format!("Examples:\n{}", words.show))
                })
        });
    }
    command
}

fn listing(mut verb: clap::Command, words: &Words) -> clap::Command {
    let filters = filters(words.noun);
    for filter in ALL_FILTERS {
        let is_here = filters.contains(filter);
        verb = verb.mut_arg(filter, |arg| arg.hide(!is_here));
    }
    verb.mut_arg("names", |arg| {
        arg.help(format!(
            "Only these names; lists such as `{}` stand for several",
            words.names
        ))
    })
    .mut_arg("state", |arg| {
        arg.help(format!("Only rows in this state: {}", words.states))
    })
    .mut_arg("kind", |arg| {
        let what = match words.noun {
            "server" | "net" => "with this role",
            _ => "of this kind",
        };
        arg.help(format!("Only rows {what}: {}", words.kinds))
    })
    .about(format!("List {}", words.many))
    .after_help(format!("Examples:\n{}", words.list))
}

const ALL_FILTERS: &[&str] = &["state", "kind", "filesystem", "server"];

/// The filters that the manager knows for a noun.
pub(crate) fn filters(noun: &str) -> &'static [&'static str] {
    match noun {
        "target" => ALL_FILTERS,
        "device" => &["kind", "server"],
        "client" => &["state", "filesystem", "server"],
        "zpool" => &["server"],
        "ha" => &["state", "server"],
        "server" | "net" => &["state", "kind", "filesystem"],
        _ => &["state"],
    }
}
