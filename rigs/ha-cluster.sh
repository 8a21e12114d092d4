#!/bin/bash
# ha-cluster.sh - a real Corosync and Pacemaker cluster on one machine.
#
#   ha-cluster.sh up [N]              N nodes n1..nN (default 2), two links each
#   ha-cluster.sh exec NODE CMD...    a command inside a node
#   ha-cluster.sh cut NODE            ends everything of a node at once
#   ha-cluster.sh link NODE 0|1 up|down    a node's cable
#   ha-cluster.sh status              crm_mon of the first node that answers
#   ha-cluster.sh down                all gone
#
# Each node is a set of namespaces over this machine's own files, with private
# state folders on tmpfs: libqb's abstract sockets need a network namespace, the
# daemons' files a mount namespace, and a PID namespace ends a node at once.
# Needs root and the packages corosync and pacemaker with its agents. Changes
# nothing outside RIG_DIR, its namespaces and two bridges.
set -euo pipefail
D=${RIG_DIR:-/var/tmp/candela-rig} NET=${RIG_NET:-10.78}
DIRS="/run /dev/shm /etc/corosync /etc/pacemaker /var/lib/corosync /var/lib/pacemaker /var/log/corosync /var/log/pacemaker"

say() { printf '%s\n' "$*" >&2; }
nodes() { ls "$D" 2>/dev/null | grep '^n[0-9]*$' | sort -V; }
# The node's first process: the child of unshare.
init_of() {
  local p
  p=$(cat "$D/$1/pid" 2>/dev/null) && [ -e "/proc/$p/exe" ] || return 1
  awk '{print $1}' "/proc/$p/task/$p/children" | grep .
}
inside() {
  local p
  p=$(init_of "$1") || { say "$1 is off"; return 1; }
  shift
  nsenter -t "$p" -m -u -i -n -p -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}

seed() {
  local n=$1 i
  mkdir -p "$D"
  head -c 256 /dev/urandom > "$D/authkey"
  { # Corosync wants a line break after every brace.
    printf 'totem {\n  version: 2\n  cluster_name: rig\n  transport: knet\n  crypto_cipher: aes256\n  crypto_hash: sha256\n}\nnodelist {\n'
    for i in $(seq 1 "$n"); do
      printf '  node {\n    ring0_addr: %s.0.%s\n    ring1_addr: %s.1.%s\n    name: n%s\n    nodeid: %s\n  }\n' "$NET" $((10 + i)) "$NET" $((10 + i)) "$i" "$i"
    done
    printf '}\nquorum {\n  provider: corosync_votequorum\n'
    if [ "$n" = 2 ]; then printf '  two_node: 1\n  wait_for_all: 0\n'; fi
    printf '}\nlogging {\n  to_logfile: yes\n  logfile: /var/log/corosync/corosync.log\n  to_syslog: no\n  timestamp: on\n}\n'
  } > "$D/corosync.conf"
  cat > "$D/cib.xml" <<'XML'
<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration>
<crm_config><cluster_property_set id="options">
<nvpair id="o1" name="dc-deadtime" value="2s"/><nvpair id="o2" name="stonith-enabled" value="false"/><nvpair id="o3" name="cluster-name" value="rig"/>
</cluster_property_set></crm_config><nodes/><resources>
<group id="pair"><primitive id="disk" class="ocf" provider="pacemaker" type="Dummy"/><primitive id="mount" class="ocf" provider="pacemaker" type="Dummy"/></group>
<clone id="all"><primitive id="each" class="ocf" provider="pacemaker" type="Dummy"/></clone>
<primitive id="off" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="off-m"><nvpair id="off-r" name="target-role" value="Stopped"/></meta_attributes></primitive>
</resources><constraints><rsc_location id="home" rsc="pair" node="n1" score="100"/></constraints></configuration><status/></cib>
XML
}

make_init() { # NODE
  cat > "$D/$1/init" <<SH
#!/bin/sh
mount --make-rprivate /
mount -t proc proc /proc
for dir in $DIRS; do mkdir -p "\$dir"; mount -t tmpfs tmpfs "\$dir"; done
install -m 600 "$D/authkey" /etc/corosync/authkey
install -m 640 -g haclient "$D/authkey" /etc/pacemaker/authkey
install -m 644 "$D/corosync.conf" /etc/corosync/corosync.conf
install -d -m 750 -o hacluster -g haclient /var/lib/pacemaker /var/lib/pacemaker/cib /var/lib/pacemaker/pengine /var/lib/pacemaker/blackbox /var/lib/pacemaker/cores /run/crm /var/log/pacemaker
install -m 600 -o hacluster -g haclient "$D/cib.xml" /var/lib/pacemaker/cib/cib.xml
mkdir -p /run/lock /run/resource-agents
hostname $1
ip link set lo up
corosync || exit 1
PCMK_logfile=/var/log/pacemaker/pacemaker.log PCMK_logfacility=none pacemakerd >/dev/null 2>&1 &
wait
SH
}

start_node() { # NODE
  local n=$1 i=${1#n} l
  init_of "$n" >/dev/null 2>&1 && return
  mkdir -p "$D/$n"
  make_init "$n"
  if ! ip netns list | grep -qw "rig-$n"; then
    ip netns add "rig-$n"
    for l in 0 1; do
      ip link add "rg$l-$n" type veth peer name "eth$l" netns "rig-$n"
      ip link set "rg$l-$n" master "rigbr$l" up
      ip -n "rig-$n" addr add "$NET.$l.$((10 + i))/24" dev "eth$l"
      ip -n "rig-$n" link set "eth$l" up
    done
  fi
  ip netns exec "rig-$n" setsid unshare --mount --ipc --pid --uts --fork --kill-child /bin/sh "$D/$n/init" > "$D/$n/console" 2>&1 < /dev/null &
  echo $! > "$D/$n/pid"
}

cut_node() { local p; p=$(init_of "$1") && kill -9 "$p"; rm -f "$D/$1/pid"; }

wait_up() {
  local n=$1 out
  for _ in $(seq 600); do
    out=$(inside n1 crm_mon -1 --output-as=xml 2>/dev/null) &&
      [ "$(grep -c '<node name=.* online="true".* pending="false"' <<<"$out")" = "$n" ] &&
      grep -q 'current_dc present="true"' <<<"$out" && return
    sleep 0.2
  done
  say "the cluster did not come up"; return 1
}

cmd_up() {
  local n=${1:-2} i l
  seed "$n"
  for l in 0 1; do
    ip link show "rigbr$l" >/dev/null 2>&1 || ip link add "rigbr$l" type bridge
    ip link set "rigbr$l" up
  done
  for i in $(seq 1 "$n"); do start_node "n$i"; done
  wait_up "$n"
}

cmd_down() {
  local n
  for n in $(nodes); do
    cut_node "$n" || true
    ip netns del "rig-$n" 2>/dev/null || true
  done
  ip link del rigbr0 2>/dev/null || true
  ip link del rigbr1 2>/dev/null || true
  rm -rf "$D"
}

cmd_status() {
  local n
  for n in $(nodes); do inside "$n" crm_mon -1r 2>/dev/null && return; done
  say "no node answers"; return 1
}

[ $# -ge 1 ] || { sed -n '2,16p' "$0" | sed 's/^# \{0,1\}//'; exit 2; }
verb=$1; shift
case $verb in
  up) cmd_up "$@" ;;
  down) cmd_down ;;
  exec) inside "$@" ;;
  cut) cut_node "$1" ;;
  start) start_node "$1" ;;
  link) ip link set "rg$2-$1" "$3" ;;
  status) cmd_status ;;
  *) say "unknown verb $verb"; exit 1 ;;
esac
