"""Which file systems cannot hold a SQLite store.

SQLite's write-ahead log needs locks that work and memory shared between processes; network and cluster file systems
give neither across machines (https://www.sqlite.org/wal.html, https://www.sqlite.org/howtocorrupt.html).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from lianode.structures.errors import InputError

MOUNTINFO = Path("/proc/self/mountinfo")

_NETWORK = frozenset({
    "9p", "acfs", "afs", "auristorfs", "beegfs", "ceph", "cifs", "coda", "cvfs", "drvfs", "dvs", "fhgfs", "gfs", "gfs2",
    "glusterfs", "gpfs", "ibrix", "kafs", "lustre", "lustre_lite", "moosefs", "ncpfs", "ocfs2", "orangefs", "panfs",
    "pvfs2", "quobyte", "smb2", "smb3", "smbfs", "snfs", "vboxsf", "vxfs", "wekafs",
})  # fmt: skip
_FUSE_LOCAL = frozenset({
    "fuse.bindfs", "fuse.cryfs", "fuse.encfs", "fuse.exfat", "fuse.ext2", "fuse.ext4", "fuse.fuse-overlayfs",
    "fuse.gocryptfs", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.squashfuse", "fuse.unionfs", "fuse.zfs",
})  # fmt: skip


def filesystem_type(path: Path, mountinfo: str | None = None) -> str | None:
    """Return the type of the file system that holds ``path`` (which need not exist), such as ``ext4``.

    Parameters
    ----------
    path
        File or folder; links are followed.
    mountinfo
        Text in the format of ``/proc/self/mountinfo`` (proc(5)); read from there by default.

    Returns
    -------
    str or None
        None where the system does not tell.
    """
    target = PurePosixPath(path.resolve())
    if mountinfo is None:
        _touch_automounts(path)
        try:
            mountinfo = MOUNTINFO.read_text(errors="surrogateescape")
        except OSError:
            return None
    longest, found = -1, None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5 or not after:
            continue
        mount_point = PurePosixPath(_unescape(fields[4]))
        depth = len(mount_point.parts)
        if target.is_relative_to(mount_point) and depth >= longest:  # a later mount hides an earlier one
            longest, found = depth, after.split(" ")[0]
    return found


def is_network(filesystem: str) -> bool:
    """Whether a file system of this type is shared between machines (any unknown FUSE one counts)."""
    return (
        filesystem in _NETWORK
        or filesystem.startswith("nfs")
        or (filesystem.startswith("fuse.") and filesystem not in _FUSE_LOCAL)
    )


def require_local(path: Path, mountinfo: str | None = None) -> None:
    """Refuse a store on a network file system.

    Raises
    ------
    InputError
        Which says what to do.
    """
    filesystem = filesystem_type(path, mountinfo)
    if filesystem is not None and is_network(filesystem):
        raise InputError(
            f"this is on a network file system ({filesystem}), where SQLite can lose data; in lianode.toml set "
            "'path' under [store] to a folder on a local disk, or use kind = \"mongodb\"",
            str(path),
        )


def _touch_automounts(path: Path) -> None:
    """Look at the folder, so that an automounter has mounted it before the table is read."""
    folder = path if path.is_dir() else path.parent
    if folder.is_dir():
        next(folder.iterdir(), None)


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
