//! Words by which a message is known, whatever error it names.

use super::Meaning;

/// One phrase, and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    /// Who says this, where the line does not tell; empty if it always does.
    pub tool: &'static str,
    /// What it means.
    pub meaning: Meaning,
    /// What is in the line, in this order.
    words: &'static [&'static str],
}

/// The first phrase that a line has.
pub(super) fn find(text: &str) -> Option<&'static Phrase> {
    PHRASES.iter().find(|phrase| {
        let mut rest = text;
        phrase.words.iter().all(|word| match rest.find(word) {
            Some(at) => {
                rest = rest.get(at + word.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    })
}

const fn says(tool: &'static str, words: &'static [&'static str], meaning: Meaning) -> Phrase {
    Phrase {
        tool,
        meaning,
        words,
    }
}

use Meaning::{
    Advice, AlreadyExists, AlreadyFormatted, AlreadyMounted, BadConfiguration, Busy, Damaged, Done,
    HoldsData, IndexInUse, InvalidArgument, MgsUnreachable, MmpInUse, ModuleMissing, NoPermission,
    NoResources, NotFormatted, NotFound, NotMounted, NotSupported, PoolBroken, PoolElsewhere,
    PoolNotExported, Warning,
};

const MOUNT: &str = "mount.lustre";
const MKFS: &str = "mkfs.lustre";
const MKE2FS: &str = "mke2fs";
const ZPOOL: &str = "zpool";
const LCTL: &str = "lctl";

/// The more particular stands before the more general.
static PHRASES: &[Phrase] = &[
    // Pools: held by another server, or not whole.
    says(ZPOOL, &["pool is imported on "], PoolElsewhere),
    says(ZPOOL, &["pool is currently imported"], PoolElsewhere),
    says(
        ZPOOL,
        &["pool may be in use from other system"],
        PoolNotExported,
    ),
    says(
        ZPOOL,
        &["pool was previously in use from another system"],
        PoolNotExported,
    ),
    says(ZPOOL, &["Last accessed by ", "hostid"], PoolNotExported),
    says(ZPOOL, &["last accessed by another system"], PoolNotExported),
    says(ZPOOL, &["it was last accessed by "], PoolNotExported),
    says(ZPOOL, &["no such pool available"], NotFound),
    says(ZPOOL, &["no pools available to import"], NotFound),
    says(ZPOOL, &["cannot open '", "no such pool"], NotFound),
    says(
        ZPOOL,
        &["cannot open '", "dataset does not exist"],
        NotFound,
    ),
    says(ZPOOL, &["cannot ", "no such pool or dataset"], NotFound),
    says(ZPOOL, &["cannot ", "': no such pool"], NotFound),
    says(
        ZPOOL,
        &["one or more devices is currently unavailable"],
        PoolBroken,
    ),
    says(
        ZPOOL,
        &["one or more devices are currently unavailable"],
        PoolBroken,
    ),
    says(ZPOOL, &["insufficient replicas"], PoolBroken),
    says(
        ZPOOL,
        &["cannot ", "pool I/O is currently suspended"],
        PoolBroken,
    ),
    says(
        ZPOOL,
        &["a pool with that name already exists"],
        AlreadyExists,
    ),
    says(
        ZPOOL,
        &["a pool with that name is already created/imported"],
        AlreadyExists,
    ),
    says(ZPOOL, &["cannot create '", "already exists"], AlreadyExists),
    says(ZPOOL, &["is part of active pool"], Busy),
    says(ZPOOL, &["is part of exported pool"], HoldsData),
    says(ZPOOL, &["is part of potentially active pool"], HoldsData),
    says(ZPOOL, &["is part of active md"], Busy),
    says(ZPOOL, &["contains a filesystem of type "], HoldsData),
    says(ZPOOL, &["is in use and contains "], HoldsData),
    says(ZPOOL, &["is currently mounted on "], Busy),
    says(ZPOOL, &["cannot ", "pool is busy"], Busy),
    says(ZPOOL, &["cannot ", "dataset is busy"], Busy),
    says(ZPOOL, &["cannot ", "pool or dataset is busy"], Busy),
    says(ZPOOL, &["cannot unmount '"], Busy),
    says(ZPOOL, &["cannot ", "permission denied"], NoPermission),
    says(ZPOOL, &["cannot ", "out of space"], NoResources),
    says(
        ZPOOL,
        &["pool uses the following feature(s) not supported"],
        NotSupported,
    ),
    says(ZPOOL, &["unsupported version or feature"], NotSupported),
    says(
        ZPOOL,
        &["pool is formatted using a newer ZFS version"],
        NotSupported,
    ),
    says(ZPOOL, &["invalid vdev specification"], InvalidArgument),
    says(
        ZPOOL,
        &["use '-f' to override the following errors"],
        Advice,
    ),
    says(ZPOOL, &["Export the pool on the other system"], Advice),
    says(
        ZPOOL,
        &["The pool can be imported, use 'zpool import -f'"],
        Advice,
    ),
    says(
        ZPOOL,
        &["Failed to initialize the libzfs library"],
        ModuleMissing,
    ),
    says(ZPOOL, &["ZFS modules ", "loaded"], ModuleMissing),
    says(ZPOOL, &["modprobe zfs"], Advice),
    says(ZPOOL, &["no datasets available"], NotFound),
    // Multiple mount protection of ldiskfs.
    says(MKE2FS, &["MMP: device currently active"], MmpInUse),
    says(MKE2FS, &["MMP: e2fsck being run"], MmpInUse),
    says(MKE2FS, &["MMP: filesystem still in use"], MmpInUse),
    says(MKE2FS, &["MMP: "], Damaged),
    says(MKE2FS, &["he MMP block ", "in use"], MmpInUse),
    // Formatting.
    says(
        MKFS,
        &["was previously formatted for lustre"],
        AlreadyFormatted,
    ),
    says(
        MKFS,
        &["has not been formatted with mkfs.lustre"],
        NotFormatted,
    ),
    says(MKE2FS, &["is mounted; will not make"], Busy),
    says(MKE2FS, &["is apparently in use by the system"], Busy),
    says(MKE2FS, &[" contains a", " file system"], HoldsData),
    says(MKE2FS, &["/", " is mounted."], Busy),
    says(
        MKE2FS,
        &["Couldn't find valid filesystem superblock"],
        NotFormatted,
    ),
    says(MKE2FS, &["Bad magic number in super-block"], NotFormatted),
    says(MKFS, &["filesystem name must be "], InvalidArgument),
    says(MKFS, &["Can't parse NID"], InvalidArgument),
    says(MKFS, &["Unsupported NID"], InvalidArgument),
    says(MKFS, &["FATAL: Must specify "], InvalidArgument),
    says(MKFS, &["FATAL: must set "], InvalidArgument),
    says(MKFS, &["unhandled/unloaded fs type"], ModuleMissing),
    says(MKFS, &["the target index must be specified"], Warning),
    // Mounting.
    says(MOUNT, &[" is already mounted on "], AlreadyMounted),
    says(
        MOUNT,
        &["The target service is already running"],
        AlreadyMounted,
    ),
    says(MOUNT, &["index is already in use"], IndexInUse),
    says(
        MOUNT,
        &["The target service failed to start"],
        BadConfiguration,
    ),
    says(MOUNT, &["Is the MGS running?"], MgsUnreachable),
    says(MOUNT, &["Are the lustre modules loaded?"], ModuleMissing),
    says(MOUNT, &["needs at least 1 OST"], BadConfiguration),
    says(MOUNT, &["mount point ", "does not exist"], NotFound),
    says(MOUNT, &["inaccessible: No such file"], NotFound),
    says(MOUNT, &["unknown filesystem type 'lustre"], ModuleMissing),
    says(MOUNT, &["Is the MGS specification correct?"], Advice),
    says(MOUNT, &["Is the filesystem name correct?"], Advice),
    says(MOUNT, &["is the copied client log"], Advice),
    says(MOUNT, &["Is '", "the correct filesystem name?"], Advice),
    says(MOUNT, &["This may have multiple causes."], Advice),
    says(MOUNT, &["Are the mount options correct?"], Advice),
    says(MOUNT, &["Check the syslog for more info."], Advice),
    says(MOUNT, &["Check /etc/modprobe"], Advice),
    says(MOUNT, &["alias lustre llite"], Advice),
    says(MOUNT, &["Do you need -o loop?"], Advice),
    says("umount", &["umount: ", "target is busy"], Busy),
    says("umount", &["umount: ", "device is busy"], Busy),
    says("umount", &["umount: ", "not mounted"], NotMounted),
    says(
        "umount",
        &["umount: ", "no mount point specified"],
        NotMounted,
    ),
    says("umount", &["umount: ", "not found"], NotMounted),
    says("mount", &["mount: only root can "], NoPermission),
    says("mount", &["must be superuser to "], NoPermission),
    // lctl, its pools, nodemaps and snapshots.
    says(
        LCTL,
        &["failed to resolve Netlink family id"],
        ModuleMissing,
    ),
    says(LCTL, &["opening /dev/lnet failed"], ModuleMissing),
    says(LCTL, &["opening /dev/obd failed"], ModuleMissing),
    says(
        LCTL,
        &["hint: the kernel modules may not be loaded"],
        ModuleMissing,
    ),
    says(LCTL, &["IOC_LIBCFS_GET_NI error 100"], Meaning::LnetDown),
    says(
        LCTL,
        &["Reader error: 'Unspecific failure'"],
        Meaning::Failed,
    ),
    says("", &[" is already in pool "], AlreadyExists),
    says("", &[": pool ", "already exists"], AlreadyExists),
    says("", &["is not part of the '"], NotFound),
    says(
        "",
        &["can contain only alphanumeric characters"],
        InvalidArgument,
    ),
    says(
        "nodemap_add",
        &["nodemap '", "already exists"],
        AlreadyExists,
    ),
    says("", &["changelog_deregister: User not found"], NotFound),
    says("", &["No device found for name "], NotFound),
    says(
        LCTL,
        &["failed to ping ", "No route to host"],
        Meaning::Unreachable,
    ),
    says(LCTL, &["failed to ping "], Meaning::Unreachable),
    says(
        "snapshot_create",
        &["The snapshot ", " exists"],
        AlreadyExists,
    ),
    says(
        "snapshot_create",
        &["Can't create the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_modify",
        &["Can't modify the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_destroy",
        &["Can't destroy the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_mount",
        &["Can't mount the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_umount",
        &["Can't umount the snapshot", "nvalid argument"],
        InvalidArgument,
    ),
    says(
        "snapshot_umount",
        &["Can't umount the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_list",
        &["Can't list the snapshot"],
        Meaning::Failed,
    ),
    says(
        "snapshot_destroy",
        &["Miss snapshot piece on the "],
        NotFound,
    ),
    says("snapshot", &["Miss ", "in the config file"], NotFound),
    says("pool_new", &["Warning, standalone MGS for "], Warning),
    says(
        "pool_new",
        &["Verify if pools are updated on a client"],
        Advice,
    ),
    // What was done.
    says("pool_new", &["Pool ", " created"], Done),
    says("pool_destroy", &["Pool ", " destroyed"], Done),
    says("pool_add", &["OST ", " added to pool "], Done),
    says("pool_remove", &["OST ", " removed from pool "], Done),
    says("changelog_register", &[": Registered changelog user"], Done),
    says(
        "changelog_deregister",
        &[": Deregistered changelog user"],
        Done,
    ),
    says("lfsck_start", &["Started LFSCK on the device "], Done),
    says("lfsck_stop", &["Stopped LFSCK on the device "], Done),
    says(
        "snapshot_mount",
        &["mounted the snapshot ", " with fsname "],
        Done,
    ),
    says("network", &["LNET configured"], Done),
    says("network", &["LNET ready to unload"], Done),
    says("network", &["LNET busy"], Busy),
];
