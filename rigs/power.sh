#!/bin/bash
# power.sh - simulated power hardware for the hosts of hosts.sh:
#   * one BMC per host, speaking real IPMI 1.5/2.0 (RMCP+) by OpenIPMI's ipmi_sim;
#   * one APC-style switched PDU, speaking real SNMP by net-snmp's snmpd.
# Power off really kills the host's container, power on really boots it again.
#
#   power.sh up [N|NAME...]   BMCs for h1..hN (default: every host there is) and the PDU
#   power.sh down             stop them all
#   power.sh status           processes and power states
#   power.sh ipmitool NAME ARGS...   ipmitool against NAME's BMC
#   power.sh fail NAME / heal NAME   make a BMC deaf (stopped) / answer again
#
# BMC of hN: RIG_NET.(110+N), UDP 623, user admin, password secret, cipher suite 3.
# PDU: RIG_NET.2, UDP 161, SNMP v1/v2c community private (rPDU OIDs .1.3.6.1.4.1.318.1.1.12);
# outlet N feeds hN.
# With RIG_POWER=process the power hooks start and stop a plain `sleep` instead of a
# container, for tests that need no hosts (addresses are then 127.0.0.1, ports 9620+N / 9161).
#
# ipmi_sim does not answer "get channel cipher suites": give ipmitool `-C 3` (or
# fence_ipmilan cipher=3), else every command waits 10 s; FreeIPMI wants
# `-D LAN_2_0 -I 3 -W opensesspriv`.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
export RIG_DIR=${RIG_DIR:-/var/lib/candela-rigs} RIG_NET=${RIG_NET:-10.79.0} RIG_BRIDGE=${RIG_BRIDGE:-candela-rig}
export RIG_POWER=${RIG_POWER:-hosts}
D=$RIG_DIR/power
say() { printf '%s\n' "$*" >&2; }
die() { say "power: $*"; exit 1; }
index_of() { local n=${1##*[!0-9]}; [ -n "$n" ] || die "host names end in a number: $1"; echo "$n"; }
if [ "$RIG_POWER" = hosts ]; then
  bmc_addr() { echo "$RIG_NET.$((110 + $(index_of "$1")))"; }; bmc_port() { echo 623; }
  PDU_ADDR=$RIG_NET.2; PDU_PORT=161
else
  bmc_addr() { echo 127.0.0.1; }; bmc_port() { echo $((9620 + $(index_of "$1"))); }
  PDU_ADDR=127.0.0.1; PDU_PORT=9161
fi
need() { local miss=(); while [ $# -gt 0 ]; do command -v "$1" >/dev/null || miss+=("$2"); shift 2; done
  [ ${#miss[@]} -eq 0 ] && return
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    -o DPkg::Lock::Timeout=600 --no-install-recommends "${miss[@]}" >/dev/null; }
alive() { local p; p=$(cat "$1" 2>/dev/null) && [ -n "$p" ] && [ -n "$(readlink "/proc/$p/exe" 2>/dev/null)" ]; }

# ---- the power hook, called by ipmi_sim and by snmpd -----------------------
power_get() {                     # prints 1 or 0
  if [ "$RIG_POWER" = hosts ]; then
    local p; p=$(cat "$RIG_DIR/hosts/$1/pid" 2>/dev/null) || true
    [ -n "$p" ] && [[ "$(readlink "/proc/$p/exe" 2>/dev/null)" = *systemd-nspawn* ]] && echo 1 || echo 0
  else alive "$D/$1.proc" && echo 1 || echo 0; fi
}
power_set() {                     # NAME 0|1
  if [ "$RIG_POWER" = hosts ]; then
    # serialised per host: two fencers may press the button at once
    ( flock 8
      if [ "$2" = 1 ]; then "$HERE/hosts.sh" poweron "$1" 8>&-; else "$HERE/hosts.sh" cut "$1" 8>&-; fi
    ) 8>"$D/$1.lock" >>"$D/$1.log" 2>&1 </dev/null
  elif [ "$2" = 1 ]; then
    alive "$D/$1.proc" || { setsid sleep infinity >/dev/null 2>&1 </dev/null & echo $! > "$D/$1.proc"; }
  else alive "$D/$1.proc" && kill -9 "$(cat "$D/$1.proc")" || true; rm -f "$D/$1.proc"; fi
}
cmd_hook() {                      # NAME get|set ...   (ipmi_sim's chassis_control protocol)
  local h=$1 op=$2; shift 2
  echo "$(date +%s.%3N) $op $*" >> "$D/$h.log"
  case $op in
    get) while [ $# -gt 0 ]; do
           case $1 in power) echo "power:$(power_get "$h")";;
                      boot) echo "boot:$(cat "$D/$h.boot" 2>/dev/null || echo none)";; *) echo "$1:0";; esac; shift; done;;
    set) while [ $# -gt 1 ]; do
           case $1 in power) power_set "$h" "$2";;
                      reset) power_set "$h" 0; power_set "$h" 1;;
                      boot) echo "$2" > "$D/$h.boot";; esac; shift 2; done;;
  esac
}
cmd_pdu() {                       # snmpd "pass": -g OID | -n OID | -s OID TYPE VALUE
  local base=.1.3.6.1.4.1.318.1.1 mode=$1 oid=$2 names i n
  names=($(cat "$D/names")); n=${#names[@]}
  # rPDU name, outlet count, and per outlet: control (12.3.3.1.1.4), state (12.3.5.1.1.4), name (12.3.5.1.1.2)
  emit() { local o=$1 k
    case $o in
      .1.3.6.1.2.1.1.2.0) echo "$o"; echo objectid; echo .1.3.6.1.4.1.318.1.3.4.5;;
      $base.12.1.1.0) echo "$o"; echo string; echo rig-pdu;;
      $base.12.1.8.0) echo "$o"; echo integer; echo "$n";;
      $base.12.3.5.1.1.2.*) k=${o##*.}; echo "$o"; echo string; echo "${names[k-1]}";;
      $base.12.3.3.1.1.4.*|$base.12.3.5.1.1.4.*) k=${o##*.}; echo "$o"; echo integer
         [ "$(power_get "${names[k-1]}")" = 1 ] && echo 1 || echo 2;;
    esac; }
  local all=("$base.12.1.1.0" "$base.12.1.8.0")
  for i in $(seq 1 "$n"); do all+=("$base.12.3.3.1.1.4.$i"); done
  for i in $(seq 1 "$n"); do all+=("$base.12.3.5.1.1.2.$i"); done
  for i in $(seq 1 "$n"); do all+=("$base.12.3.5.1.1.4.$i"); done
  case $mode in
    -g) for i in "${all[@]}"; do [ "$i" = "$oid" ] && emit "$oid"; done; true;;
    -n) local nxt; nxt=$( { printf '%s\n' "${all[@]}" "$oid" | sort -V -u; } | awk -v o="$oid" 'f{print;exit} $0==o{f=1}')
        [ -n "$nxt" ] && emit "$nxt"; true;;
    -s) case $oid in $base.12.3.3.1.1.4.*)
          local h=${names[${oid##*.}-1]}; echo "$(date +%s.%3N) pdu set $4" >> "$D/$h.log"
          case $4 in 1) power_set "$h" 1;; 2) power_set "$h" 0;; 3) power_set "$h" 0; power_set "$h" 1;; esac;;
        *) echo not-writable;; esac;;
  esac
}

# ---- verbs -----------------------------------------------------------------
start_bmc() {
  local h=$1 a p; a=$(bmc_addr "$h"); p=$(bmc_port "$h")
  alive "$D/$h.bmc" && return
  mkdir -p "$D/state-$h"
  [ "$RIG_POWER" = hosts ] && { ip addr show dev "$RIG_BRIDGE" | grep -q "inet $a/" || ip addr add "$a/24" dev "$RIG_BRIDGE"; }
  cat > "$D/$h.lan" <<EOF
name "$h"
set_working_mc 0x20
  startlan 1
    addr $a $p
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid $(printf 'a1234567%08xa1234567%08x' "$(index_of "$h")" "$(index_of "$h")")
  endlan
  chassis_control "$HERE/power.sh hook $h"
  user 1 true "" "" user 10 none md2 md5 straight
  user 2 true "admin" "secret" admin 10 none md2 md5 straight
  user 3 true "operator" "secret" operator 10 none md2 md5 straight
EOF
  cat > "$D/$h.emu" <<EOF
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
EOF
  setsid ipmi_sim -c "$D/$h.lan" -f "$D/$h.emu" -s "$D/state-$h" -n >"$D/$h.out" 2>&1 </dev/null 9>&- &
  echo $! > "$D/$h.bmc"
}
start_pdu() {
  alive "$D/pdu.pid" && return
  [ "$RIG_POWER" = hosts ] && { ip addr show dev "$RIG_BRIDGE" | grep -q "inet $PDU_ADDR/" || ip addr add "$PDU_ADDR/24" dev "$RIG_BRIDGE"; }
  cat > "$D/snmpd.conf" <<EOF
agentaddress udp:$PDU_ADDR:$PDU_PORT
rwcommunity private
sysobjectid .1.3.6.1.4.1.318.1.3.4.5
sysdescr APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.5.6) rig
pass .1.3.6.1.4.1.318.1.1.12 $HERE/power.sh pdu
EOF
  setsid snmpd -f -Lf "$D/snmpd.log" -C -c "$D/snmpd.conf" -p "$D/snmpd.run" -I -smux >"$D/snmpd.out" 2>&1 </dev/null &
  echo $! > "$D/pdu.pid"
}
cmd_up() {
  need ipmi_sim openipmi ipmitool ipmitool snmpd snmpd snmpget snmp
  mkdir -p "$D"; local list=() n
  if [ $# -eq 0 ]; then list=($(ls "$RIG_DIR/hosts" 2>/dev/null | sort -V)); [ ${#list[@]} -gt 0 ] || die "no hosts: run hosts.sh up first"
  elif [[ $1 =~ ^[0-9]+$ ]]; then for n in $(seq 1 "$1"); do list+=("h$n"); done; else list=("$@"); fi
  echo "${list[*]}" > "$D/names"
  for n in "${list[@]}"; do start_bmc "$n"; done
  start_pdu; sleep 0.3
  for n in "${list[@]}"; do alive "$D/$n.bmc" || die "BMC of $n died: $(tail -1 "$D/$n.out")"; done
  alive "$D/pdu.pid" || die "the PDU died: $(tail -1 "$D/snmpd.log")"
}
cmd_down() { local f n i p
  for f in "$D"/*.bmc "$D/pdu.pid" "$D"/*.proc; do
    [ -e "$f" ] && alive "$f" || continue
    p=$(cat "$f"); kill -CONT "$p"; kill "$p"
    for i in 1 2 3 4 5 6 7 8 9 10; do alive "$f" || break; sleep 0.05; done; kill -9 "$p" 2>/dev/null
  done 2>/dev/null
  [ "$RIG_POWER" = hosts ] && for n in $(cat "$D/names" 2>/dev/null); do ip addr del "$(bmc_addr "$n")/24" dev "$RIG_BRIDGE" 2>/dev/null; done
  ip addr del "$PDU_ADDR/24" dev "$RIG_BRIDGE" 2>/dev/null || true
  rm -rf "$D"; }
cmd_status() { local n
  for n in $(cat "$D/names" 2>/dev/null); do
    printf '%-6s power %s  bmc %s:%s %s\n' "$n" "$(power_get "$n" | sed 's/1/on/;s/0/off/')" "$(bmc_addr "$n")" "$(bmc_port "$n")" "$(alive "$D/$n.bmc" && echo up || echo down)"; done
  alive "$D/pdu.pid" && echo "pdu    $PDU_ADDR:$PDU_PORT up" || echo "pdu    down"; }

[ $# -ge 1 ] || { sed -n '2,27p' "$0" | sed 's/^# \{0,1\}//'; exit 2; }
verb=$1; shift
case $verb in
  up) cmd_up "$@";; down) cmd_down || true;; status) cmd_status;; hook) cmd_hook "$@";; pdu) cmd_pdu "$@";;
  fail) kill -STOP "$(cat "$D/$1.bmc")";; heal) kill -CONT "$(cat "$D/$1.bmc")";;
  ipmitool) h=$1; shift; exec ipmitool -I lanplus -C 3 -L ADMINISTRATOR -H "$(bmc_addr "$h")" -p "$(bmc_port "$h")" -U admin -P secret "$@";;
  *) die "unknown verb: $verb";;
esac
