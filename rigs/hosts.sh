#!/bin/bash
# hosts.sh - a rack of small "servers" for tests, on one machine.
#
# Every host is a systemd-nspawn container booted with its own systemd, journald,
# rsyslog, chrony, sshd and dbus, its own network, IPC, PID, mount and UTS
# namespaces and a copy-on-write root (overlayfs) over a shared Debian tree.
# It works without systemd as the machine's own PID 1 and without machined.
#
#   hosts.sh up [N|NAME...]  bring up h1..hN (default 3), or the hosts named
#   hosts.sh make NAME...    lay out hosts without booting them (to seed files in
#                                   RIG_DIR/hosts/NAME/up before the first boot)
#   hosts.sh down [NAME...]  power off and forget the hosts (default: all)
#   hosts.sh status          one line per host
#   hosts.sh layer NAME PKG...   build (once) a package layer over the base
#   hosts.sh exec NAME CMD...    run a command inside a host (no sshd needed)
#   hosts.sh ssh NAME [CMD...]   ssh to a host as root
#   hosts.sh cut NAME        pull the power (SIGKILL to its init): crash test
#   hosts.sh start NAME      power on again; its disk is as it was left
#   hosts.sh isolate NAME / rejoin NAME   unplug / plug its network cable
#   hosts.sh wipe            down, and delete base tree, layers and keys too
#
# Settings (environment):
#   RIG_DIR    state directory                    (default /var/lib/candela-rigs)
#   RIG_NET    first three octets of the network  (default 10.79.0; gateway .1, hN is .(10+N))
#   RIG_BRIDGE bridge name                        (default candela-rig)
#   RIG_SUITE  Debian suite of the hosts          (default bookworm)
#   RIG_LAYERS extra package layers, lowest first (e.g. "cluster"); see `layer`
#   RIG_PARALLEL how many hosts boot at a time    (default 4)
#   RIG_BIND   extra nspawn arguments, e.g. "--bind=/dev/loop0"
set -euo pipefail

RIG_DIR=${RIG_DIR:-/var/lib/candela-rigs}
RIG_NET=${RIG_NET:-10.79.0}
RIG_BRIDGE=${RIG_BRIDGE:-candela-rig}
RIG_SUITE=${RIG_SUITE:-bookworm}
RIG_LAYERS=${RIG_LAYERS:-}
RIG_PARALLEL=${RIG_PARALLEL:-4}
RIG_BIND=${RIG_BIND:-}
# the Debian mirror that this machine's apt already uses
RIG_MIRROR=${RIG_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
BASE=$RIG_DIR/base-$RIG_SUITE
KEY=$RIG_DIR/ssh/id_ed25519
SSH_OPTS=(-i "$KEY" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
          -o LogLevel=ERROR -o ConnectTimeout=5 -o BatchMode=yes)
BASE_PKGS=systemd,systemd-sysv,dbus,udev,libpam-systemd,openssh-server,rsyslog,chrony,logrotate
BASE_PKGS+=,iproute2,iputils-ping,netbase,nftables,procps,kmod,less,ca-certificates,python3-minimal,curl

say()  { printf '%s\n' "$*" >&2; }
die()  { say "hosts: $*"; exit 1; }

need() {                          # need COMMAND PACKAGE ...: install what is missing
  local miss=()
  while [ $# -gt 0 ]; do command -v "$1" >/dev/null || miss+=("$2"); shift 2; done
  [ ${#miss[@]} -eq 0 ] && return
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq -o DPkg::Lock::Timeout=600 --no-install-recommends "${miss[@]}" >/dev/null
}

build_base() {                    # the shared read-only tree (about 40 s, 280 MB)
  [ -e "$BASE/.complete" ] && return
  need mmdebstrap mmdebstrap systemd-nspawn systemd-container ssh openssh-client ip iproute2
  rm -rf "$BASE.new"; mkdir -p "$RIG_DIR"
  say "building $BASE ..."
  mmdebstrap --quiet --variant=minbase --include="$BASE_PKGS" \
    "$RIG_SUITE" "$BASE.new" "$RIG_MIRROR"
  local r=$BASE.new
  # network: networkd brings up host0 with an address written per host
  ln -sf /lib/systemd/system/systemd-networkd.service \
     "$r/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
  # chrony may not set the machine's clock (the kernel has one clock for all hosts),
  # so it runs with -x: it exchanges and measures time, but never sets it.
  mkdir -p "$r/etc/systemd/system/chrony.service.d"
  printf '[Unit]\nConditionCapability=\n' > "$r/etc/systemd/system/chrony.service.d/rig.conf"
  echo 'DAEMON_OPTS="-F 1 -x"' > "$r/etc/default/chrony"
  printf 'driftfile /var/lib/chrony/chrony.drift\nlocal stratum 10\nallow all\nsourcedir /etc/chrony/sources.d\n' \
     > "$r/etc/chrony/chrony.conf"
  # keep the journal on disk, so that it outlives a power cut
  mkdir -p "$r/var/log/journal"
  rm -f "$r"/etc/ssh/ssh_host_* "$r/etc/machine-id"; : > "$r/etc/machine-id"
  echo 'PermitRootLogin yes' > "$r/etc/ssh/sshd_config.d/rig.conf"
  echo 'root:root' | chroot "$r" chpasswd
  rm -f "$r/etc/resolv.conf"; : > "$r/etc/resolv.conf"
  # host keys are made on first boot; ed25519 alone keeps the boot short
  mkdir -p "$r/etc/systemd/system/ssh.service.d"
  printf '[Service]\nExecStartPre=\nExecStartPre=/bin/sh -c "test -e /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N \\"\\" -f /etc/ssh/ssh_host_ed25519_key"\nExecStartPre=/usr/sbin/sshd -t\n' \
     > "$r/etc/systemd/system/ssh.service.d/rig.conf"
  touch "$r/.complete"; mv "$r" "$BASE"
}

lower() {                         # the lowerdir= list: layers on top, base at the bottom
  local out=$BASE l
  for l in $RIG_LAYERS; do out=$RIG_DIR/layers/$RIG_SUITE-$l/up:$out; done
  echo "$out"
}

cmd_layer() {                     # install packages once, shared by all hosts that name the layer
  local name=$1; shift
  local d=$RIG_DIR/layers/$RIG_SUITE-$name
  [ -e "$d/.complete" ] && { say "layer $name is there"; return; }
  build_base
  rm -rf "$d"; mkdir -p "$d/up" "$d/work" "$d/root"
  mount -t overlay overlay -o "lowerdir=$(lower),upperdir=$d/up,workdir=$d/work" "$d/root"
  local rc=0
  ( set -e
    cp /etc/resolv.conf "$d/root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' > "$d/root/usr/sbin/policy-rc.d"; chmod +x "$d/root/usr/sbin/policy-rc.d"
    mount -t proc proc "$d/root/proc"; mount --bind /dev "$d/root/dev"
    chroot "$d/root" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive chroot "$d/root" \
      apt-get install -y -qq --no-install-recommends "$@" >"$d/apt.log" 2>&1
    chroot "$d/root" apt-get clean
    rm -rf "$d/root/usr/sbin/policy-rc.d" "$d/root"/var/lib/apt/lists/*; : > "$d/root/etc/resolv.conf"
  ) || rc=$?
  umount "$d/root/dev" "$d/root/proc" 2>/dev/null || true
  umount "$d/root"
  [ $rc = 0 ] || { tail -5 "$d/apt.log" >&2; die "layer $name failed"; }
  touch "$d/.complete"
}

net_up() {
  ip link show "$RIG_BRIDGE" >/dev/null 2>&1 && return
  ip link add "$RIG_BRIDGE" type bridge
  ip link set "$RIG_BRIDGE" type bridge stp_state 0 forward_delay 0
  ip addr add "$RIG_NET.1/24" dev "$RIG_BRIDGE"
  ip link set "$RIG_BRIDGE" up
}

index_of() { local n=${1##*[!0-9]}; [ -n "$n" ] || die "host names end in a number: $1"; echo "$n"; }
addr_of()  { echo "$RIG_NET.$((10 + $(index_of "$1")))"; }
hdir()     { echo "$RIG_DIR/hosts/$1"; }
hosts()    { ls "$RIG_DIR/hosts" 2>/dev/null | sort -V; }

# A killed process can stay a zombie until PID 1 reaps it: only a live one has an exe.
live() { [ -n "$(readlink "/proc/$1/exe" 2>/dev/null)" ]; }
nspawn_pid() { local p; p=$(cat "$(hdir "$1")/pid" 2>/dev/null) && [ -n "$p" ] &&
               [[ "$(readlink "/proc/$p/exe" 2>/dev/null)" = *systemd-nspawn* ]] && echo "$p"; }
leader_pid() { local p; p=$(nspawn_pid "$1") && cat "/proc/$p/task/$p/children" | awk '{print $NF}' | grep .; }
inside()     { local p; p=$(leader_pid "$1") || die "$1 is not running"; shift
               nsenter -t "$p" -m -u -i -n -p -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 "$@"; }

make_host() {
  local h=$1 d; d=$(hdir "$h"); [ -e "$d/.made" ] && return
  mkdir -p "$d/up" "$d/work" "$d/root"
  local r=$d/up
  mkdir -p "$r/etc/systemd/network" "$r/root/.ssh"
  echo "$h" > "$r/etc/hostname"
  { echo "127.0.0.1 localhost"; local i; for i in $(seq 1 50); do echo "$RIG_NET.$((10+i)) h$i"; done
    echo "$RIG_NET.1 gateway"; } > "$r/etc/hosts"
  printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\nGateway=%s.1\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' \
     "$(addr_of "$h")" "$RIG_NET" > "$r/etc/systemd/network/10-host0.network"
  cp "$KEY.pub" "$r/root/.ssh/authorized_keys"; chmod 700 "$r/root/.ssh"; chmod 600 "$r/root/.ssh/authorized_keys"
  echo "$(lower)" > "$d/lower"
  touch "$d/.made"
}

cmd_start() {
  local h=$1 d; d=$(hdir "$h")
  [ -e "$d/.made" ] || die "no such host: $h"
  nspawn_pid "$h" >/dev/null && return
  net_up
  mountpoint -q "$d/root" ||
    mount -t overlay overlay -o "lowerdir=$(cat "$d/lower"),upperdir=$d/up,workdir=$d/work" "$d/root"
  # Each host needs a cgroup of its own in the named systemd (and the v2) hierarchy:
  # without it all containers would share /payload and their systemds would clash.
  local c
  for c in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -w "$c/cgroup.procs" ] && mkdir -p "$c/rig-$h"
  done
  : > "$d/pid"
  # nspawn leaves with status 133 when the host reboots itself: then boot it again
  setsid bash -c '
    h=$1 d=$2; shift 2
    for c in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
      [ -e "$c/rig-$h/cgroup.procs" ] && echo $$ > "$c/rig-$h/cgroup.procs"
    done
    cd /
    while :; do
      systemd-nspawn "$@" & echo $! > "$d/pid"
      wait $!; [ $? = 133 ] || break
    done' rig "$h" "$d" --quiet -D "$d/root" -M "$h" --hostname="$h" -b \
      --register=no --keep-unit --console=pipe --link-journal=no --resolv-conf=off --timezone=off \
      --network-bridge="$RIG_BRIDGE" --capability=CAP_IPC_LOCK $RIG_BIND >"$d/console" 2>&1 </dev/null 9>&- &
  for c in $(seq 50); do nspawn_pid "$h" >/dev/null && break; sleep 0.02; done
}

wait_ready() {                    # sshd answers
  local h=$1 a i; a=$(addr_of "$h")
  for i in $(seq 1 300); do
    (exec 3<>"/dev/tcp/$a/22") 2>/dev/null && return
    sleep 0.1
  done
  die "$h does not answer on $a:22 (see $(hdir "$h")/console)"
}

cmd_make() {                      # lay out hosts (disk, address, keys) without booting them
  build_base
  [ -e "$KEY" ] || { mkdir -p "$RIG_DIR/ssh"; ssh-keygen -q -t ed25519 -N '' -C rig -f "$KEY"; }
  local h; for h in "$@"; do make_host "$h"; done
}

cmd_up() {
  [ "$(id -u)" = 0 ] || die "needs root"
  need systemd-nspawn systemd-container ip iproute2 ssh openssh-client nsenter util-linux
  cmd_make; net_up
  local list=() n
  if [ $# -eq 0 ]; then set -- 3; fi
  if [[ $1 =~ ^[0-9]+$ ]]; then for n in $(seq 1 "$1"); do list+=("h$n"); done; else list=("$@"); fi
  # a booted systemd holds about six inotify instances; the usual limit of 128 per user
  # is spent at 20 hosts
  [ "$(cat /proc/sys/fs/inotify/max_user_instances)" -ge 4096 ] || echo 4096 > /proc/sys/fs/inotify/max_user_instances
  local h batch=()
  for h in "${list[@]}"; do
    make_host "$h"; cmd_start "$h"; batch+=("$h")
    if [ ${#batch[@]} -ge "$RIG_PARALLEL" ]; then for n in "${batch[@]}"; do wait_ready "$n"; done; batch=(); fi
  done
  for n in "${batch[@]}"; do wait_ready "$n"; done
  say "up: ${list[*]}"
}

stop_host() {                     # graceful, then hard
  local h=$1 p l i; p=$(nspawn_pid "$h") || return 0
  l=$(leader_pid "$h") && kill -s RTMIN+4 "$l" 2>/dev/null || true
  for i in $(seq 1 100); do live "$p" || return 0; sleep 0.1; done
  cmd_cut "$h"
}

cmd_cut() {                       # kill init, then nspawn itself (left alone it lingers 1.5 s)
  local h=$1 p l i; p=$(nspawn_pid "$h") || return 0
  if l=$(leader_pid "$h"); then
    kill -9 "$l" 2>/dev/null || true
    for i in $(seq 1 100); do live "$l" || break; sleep 0.02; done
  fi
  kill -9 "$p" 2>/dev/null || true
  for i in $(seq 1 100); do live "$p" || break; sleep 0.02; done
  ip link del "vb-$h" 2>/dev/null || true
  : > "$(hdir "$h")/pid"
}

cgroup_rm() { local c i; for c in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    for i in 1 2 3 4 5; do [ -d "$c/rig-$1" ] || break; find "$c/rig-$1" -depth -type d -exec rmdir {} \; 2>/dev/null && break; sleep 0.1; done
  done; true; }

cmd_down() {
  local all=0 h; [ $# -eq 0 ] && { all=1; set -- $(hosts); }
  for h in "$@"; do stop_host "$h" & done; wait
  for h in "$@"; do
    local d; d=$(hdir "$h")
    mountpoint -q "$d/root" && umount -l "$d/root"
    cgroup_rm "$h"; rm -rf "$d"
  done
  [ $all = 1 ] && ip link del "$RIG_BRIDGE" 2>/dev/null
  true
}

cmd_status() {
  local h p st
  for h in $(hosts); do
    if p=$(leader_pid "$h"); then st=$(inside "$h" systemctl is-system-running 2>/dev/null || true)
      printf '%-6s on   %-13s pid %-7s %s\n' "$h" "$(addr_of "$h")" "$p" "${st:-booting}"
    else printf '%-6s off  %s\n' "$h" "$(addr_of "$h")"; fi
  done
}

[ $# -ge 1 ] || { sed -n '2,34p' "$0" | sed 's/^# \{0,1\}//'; exit 2; }
verb=$1; shift
case $verb in
  up) cmd_up "$@";; make) cmd_make "$@";; down) cmd_down "$@";; status) cmd_status;;
  layer) cmd_layer "$@";; start) cmd_start "$1"; wait_ready "$1";; poweron) cmd_start "$1";; cut) cmd_cut "$1";;
  exec) inside "$@";;
  ssh) h=$1; shift; exec ssh "${SSH_OPTS[@]}" "root@$(addr_of "$h")" "$@";;
  isolate) ip link set "vb-$1" down;; rejoin) ip link set "vb-$1" up;;
  wipe) cmd_down; rm -rf "$RIG_DIR"/base-* "$RIG_DIR/layers" "$RIG_DIR/hosts" "$RIG_DIR/ssh";;
  *) die "unknown verb: $verb";;
esac
