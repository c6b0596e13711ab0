#!/usr/bin/env python3
"""Check that an entry is in the ledger, with nothing but this file, Python 3.9+ and the package `cryptography`.

    python verify_offline.py ENTRY.json ENTRY.tlog-proof "VKEY"
    python verify_offline.py --consistency OLD.checkpoint LATER.consistency "VKEY"

VKEY is the log's public key, `<name>+<id>+<key>`: take it from a printed decision or the public page, never from whoever gave you
the proof. Exit status 0: proven. 1: not proven; the reason is printed. The formats are those of C2SP (signed-note, tlog-checkpoint,
tlog-proof) and RFC 9162. This file is published and deliberately imports nothing of the project.
"""

import argparse
import base64
import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """Not proven, and why."""


class Head(NamedTuple):
    """A signed tree head."""

    size: int
    root: bytes


def unbase64(text: str) -> bytes:
    """The one canonical spelling only."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64 / 不是 base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Refused("base64 is not canonical / base64 写法不规范")
    return raw


def one_hash(text: str) -> bytes:
    raw = unbase64(text)
    if len(raw) != 32:
        raise Refused("a hash has 32 bytes / 哈希值应为 32 字节")
    return raw


def decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or str(int(text)) != text:
        raise Refused("not a plain number / 数字写法不规范")
    return int(text)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def open_checkpoint(note: str, vkey: str) -> Head:
    """The tree head in a note, when `vkey` signed it."""
    name, _, rest = vkey.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw_key = unbase64(encoded)
    if len(raw_key) != 33 or raw_key[0] != 1:
        raise Refused("the key is not an Ed25519 verifier key / 公钥格式不对")
    if hashlib.sha256(name.encode() + b"\n" + raw_key).hexdigest()[:8] != key_id:
        raise Refused("the key's id does not belong to it / 公钥编号不符")
    head, gap, tail = note.rpartition("\n\n")
    lines = (head + "\n").split("\n")
    if not gap or len(lines) != 4 or lines[3] or lines[0] != name:
        raise Refused("not a checkpoint of this log / 不是该账本的检查点")
    signed = False
    for line in tail.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise Refused("malformed signature line / 签名行格式不对")
        raw = unbase64(parts[2])
        if parts[1] == name and raw[:4].hex() == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(raw_key[1:]).verify(raw[4:], (head + "\n").encode())
            except InvalidSignature:
                raise Refused("the signature is wrong / 签名无效") from None
            signed = True
    if not signed:
        raise Refused("not signed by this key / 未由该公钥签名")
    return Head(decimal(lines[1]), one_hash(lines[2]))


def split_proof(text: str, first_line: str, label: str) -> tuple[int, list[bytes], str]:
    """Number, path and checkpoint note of a proof file."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != first_line:
        raise Refused(f"not a {first_line} file / 不是 {first_line} 文件")
    rest = lines[1:]
    if rest and rest[0].startswith("extra "):
        rest = rest[1:]
    if not rest or not rest[0].startswith(label + " ") or len(rest) > 130:
        raise Refused(f"no {label} in the proof / 证明中缺少 {label}")
    return decimal(rest[0][len(label) + 1 :]), [one_hash(line) for line in rest[1:]], note


def verify_entry(body: bytes, proof: str, vkey: str) -> tuple[int, Head]:
    """Place of the entry and the head that covers it. Raises: Refused."""
    index, path, note = split_proof(proof, "c2sp.org/tlog-proof@v1", "index")
    head = open_checkpoint(note, vkey)
    if index >= head.size:
        raise Refused("the place is outside the log / 位置超出账本")
    place, last, found = index, head.size - 1, hashlib.sha256(b"\x00" + body).digest()
    for step in path:
        if last == 0:
            raise Refused("the path is too long / 路径过长")
        if place & 1 or place == last:
            found = node(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, step)
        place, last = place >> 1, last >> 1
    if last or found != head.root:
        raise Refused("this entry is not in the log / 该记录不在账本中")
    return index, head


def verify_extension(old_note: str, proof: str, vkey: str) -> tuple[Head, Head]:
    """The kept head and the later one that extends it. Raises: Refused."""
    old = open_checkpoint(old_note, vkey)
    size, path, note = split_proof(proof, "classproof/ledger-consistency@v1", "old")
    new = open_checkpoint(note, vkey)
    if size != old.size or old.size > new.size or old.size == 0:
        raise Refused("the proof is for other checkpoints / 证明针对其他检查点")
    if old.size == new.size:
        if path or old.root != new.root:
            raise Refused("two histories of one length / 同一长度出现两种历史")
        return old, new
    steps = path if old.size & (old.size - 1) else [old.root, *path]
    if not steps:
        raise Refused("the path is empty / 路径为空")
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise Refused("the path is too long / 路径过长")
        if place & 1 or place == last:
            before, after = node(step, before), node(step, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node(after, step)
        place, last = place >> 1, last >> 1
    if last or before != old.root or after != new.root:
        raise Refused("the later log does not hold the earlier one / 后来的账本与先前不一致")
    return old, new


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a ledger proof offline / 离线验证账本证明")
    parser.add_argument("--consistency", action="store_true", help="compare two checkpoints / 比较两个检查点")
    parser.add_argument("subject", type=Path, help="entry (JSON as downloaded) or old checkpoint")
    parser.add_argument("proof", type=Path)
    parser.add_argument("vkey")
    given = parser.parse_args()
    try:
        proof = given.proof.read_bytes().decode()
        if given.consistency:
            old, new = verify_extension(given.subject.read_bytes().decode(), proof, given.vkey)
            print(f"PROVEN / 已证实: the log of {new.size} entries extends the one of {old.size}")
        else:
            index, head = verify_entry(given.subject.read_bytes(), proof, given.vkey)
            print(f"PROVEN / 已证实: entry {index} of a log of {head.size}")
    except UnicodeDecodeError:
        print("NOT PROVEN / 未证实: not a text file")
        return 1
    except Refused as refused:
        print(f"NOT PROVEN / 未证实: {refused}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
