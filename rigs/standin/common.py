"""What the stand-ins for Lustre's tools share: a target is a real ext4 file
system with a real CONFIGS/mountdata; LNet is a listener on its port."""
import os, re, socket, struct, subprocess, sys

# mount(8) gives its helpers no search path.
os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
PAGE = 4096
MAGIC = 0x1DD00001
MDT, OST, MGS, INDEX, FIRST = 0x1, 0x2, 0x4, 0x10, 0x20
LNET_PORT = 988
LNET_STATE = "/run/standin-lnet"


def die(code, text):
    sys.stderr.write(text + "\n")
    sys.exit(code)


def label_of(device):
    """The label in the superblock; none where there is no ext4."""
    try:
        with open(device, "rb") as disk:
            disk.seek(1024)
            block = disk.read(1024)
    except OSError:
        return None
    if len(block) < 1024 or block[0x38:0x3A] != b"\x53\xef":
        return None
    return block[0x78:0x88].rstrip(b"\0").decode("ascii", "replace")


def mountdata(device):
    """Flags and parameters of a target that is not mounted, or is."""
    shown = subprocess.run(["debugfs", "-c", "-R", "cat CONFIGS/mountdata", device], capture_output=True)
    return parse(shown.stdout)


def parse(data):
    if len(data) < 3 * PAGE or struct.unpack_from("<I", data)[0] != MAGIC:
        return None
    flags, index = struct.unpack_from("<II", data, 20)
    text = lambda at, length: data[at:at + length].split(b"\0")[0].decode()
    return {"flags": flags, "index": index, "fs": text(32, 64), "name": text(96, 64),
            "parameters": text(2 * PAGE, PAGE).split()}


def mounted():
    """Device, folder, label and configuration of each target mounted here."""
    found = []
    for line in open("/proc/self/mounts"):
        source, folder, kind = line.split()[:3]
        path = folder + "/CONFIGS/mountdata"
        if kind != "ext4" or not os.path.exists(path):
            continue
        data = parse(open(path, "rb").read())
        if data:
            found.append((source, folder, label_of(source), data))
    return found


def nets():
    """Net type to interfaces, as LNet was told; none where it is down."""
    try:
        lines = open(LNET_STATE).read().splitlines()
    except OSError:
        return None
    return [tuple(line.split()) for line in lines if line]


def address(interface):
    shown = subprocess.run(["ip", "-4", "-o", "addr", "show", "dev", interface], capture_output=True, text=True)
    found = re.search(r"inet ([0-9.]+)/", shown.stdout)
    return found.group(1) if found else None


def nids():
    return ["%s@%s" % (address(interface), net) for net, interface in nets() or [] if address(interface)]


def is_mgs_at(nid):
    """Whether an MGS answers on the node of this NID, over the network."""
    try:
        with socket.create_connection((nid.split("@")[0], LNET_PORT), timeout=3) as link:
            return link.recv(16) == b"mgs\n"
    except OSError:
        return False
