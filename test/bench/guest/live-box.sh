# The live box: a machine with a network, a file system in use and the station's own sshd, for whoever comes by SSH.
# Run by init.sh ($b: BusyBox). Everything that is written here is in the machine's memory, but for its two disks.

# What udev makes of a real machine.
$b ln -s /proc/self/fd /dev/fd
# Its own people: nobody of the station.
cat >/etc/passwd <<'EOF'
root:x:0:0:root:/run/home:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
EOF
printf 'root:x:0:\nnogroup:x:65534:\n' >/etc/group
printf 'root:*:1::::::\nsshd:*:1::::::\n' >/etc/shadow
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n' >/etc/nsswitch.conf
printf '127.0.0.1 localhost live-box\n' >/etc/hosts
$b hostname live-box

# QEMU's user network: the station is 10.0.2.2 (its documentation, "Network emulation").
$b ip link set lo up
$b ip addr add 10.0.2.15/24 dev eth0
$b ip link set eth0 up

$b mkdir -p /run/sshd /run/data
$b chmod 0755 /run/sshd
# The kernel finds its disks beside what goes on here.
disks_are_there() {
  for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    if [ -b /dev/sda ] && [ -b /dev/sdb ]; then break; fi
    $b sleep 1
  done
}
disks_are_there
# It looks at both at once, and the first one that answers is sda: then once more, one after the other.
if ! $b grep -q 'LIVE' /sys/block/sda/device/model; then
  echo 'live box: the disks answered in the other order'
  for disk in sdb sda; do
    path=$($b readlink -f /sys/block/$disk/device)
    host=${path##*/host}
    order="$order host${host%%/*}"
    echo 1 >/sys/block/$disk/device/delete
  done
  for host in $order; do
    echo '- - -' >/sys/class/scsi_host/$host/scan
    $b sleep 1
  done
  disks_are_there
fi
for second in 1 2 3 4 5; do
  if [ -b /dev/sda1 ]; then break; fi
  $b sleep 1
done
$b mount -o ro /dev/sda1 /run/data || echo 'live box: /dev/sda1 is not mounted'
$b cp /exhibit/host_key /run/host_key
$b chmod 0600 /run/host_key
echo 'live box: sshd starts'
/usr/sbin/sshd -D -e -f /exhibit/sshd_config
echo "live box: sshd ended with $?"
