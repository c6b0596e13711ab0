"""The tree against the vectors of RFC 6962, against a second implementation, and against itself."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from storage.ledger import merkle
from storage.ledger.tiles import TILE_BYTES, Accumulator, MissingNode, TileNodes, extend, full_tiles, tile_path

# the eight entries and their tree heads, from the reference implementation's tests of RFC 6962
ENTRIES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf, tree size) -> path; leaf counted from 0
PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
sizes = st.integers(1, 600)


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(n.to_bytes(4, "big")) for n in range(count)]


def test_tree_heads_are_those_of_the_standard() -> None:
    hashes = [merkle.leaf_hash(entry) for entry in ENTRIES]
    assert [merkle.root(hashes[: n + 1]).hex() for n in range(8)] == ROOTS
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("place", "path"), PATHS.items())
def test_audit_paths_are_those_of_the_standard(place: tuple[int, int], path: list[str]) -> None:
    index, size = place
    hashes = [merkle.leaf_hash(entry) for entry in ENTRIES]
    assert [step.hex() for step in merkle.inclusion_path(hashes, index, size)] == path
    assert merkle.verify_inclusion(hashes[index], index, size, merkle.inclusion_path(hashes, index, size), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 1000])
def test_a_second_implementation_gives_the_same_roots_and_paths(size: int) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    hashes = []
    for n in range(size):
        oracle.append_entry(n.to_bytes(4, "big"))
        hashes.append(merkle.leaf_hash(n.to_bytes(4, "big")))
    assert oracle.get_root() == merkle.root(hashes)
    for index in {0, size // 2, size - 1}:
        proof = oracle.prove_inclusion(index + 1).serialize()
        assert [bytes.fromhex(step) for step in proof["path"]][1:] == merkle.inclusion_path(hashes, index)


@given(sizes, st.data())
def test_every_leaf_is_proven_and_no_other_leaf_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    path, root = merkle.inclusion_path(hashes, index), merkle.root(hashes)
    assert merkle.verify_inclusion(hashes[index], index, size, path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, path, root)
    assert not merkle.verify_inclusion(hashes[index], index, size, path, sha256(root).digest())
    for wrong in {index - 1, index + 1, size}:
        assert not merkle.verify_inclusion(hashes[index], wrong, size, path, root)
    if path:
        assert not merkle.verify_inclusion(hashes[index], index, size, path[:-1], root)
        assert not merkle.verify_inclusion(hashes[index], index, size, [*path, root], root)


@given(sizes, sizes, st.data())
def test_a_prefix_is_proven_and_a_changed_prefix_is_not(one: int, two: int, data: st.DataObject) -> None:
    old, new = sorted((one, two))
    hashes = leaves(new)
    path = merkle.consistency_path(hashes, old, new)
    old_root, new_root = merkle.root(hashes[:old]), merkle.root(hashes)
    assert merkle.verify_consistency(old, new, old_root, new_root, path)
    forged = list(hashes)
    forged[data.draw(st.integers(0, old - 1))] = merkle.leaf_hash(b"forged")
    assert not merkle.verify_consistency(old, new, old_root, merkle.root(forged), merkle.consistency_path(forged, old, new))
    assert not merkle.verify_consistency(old, new, sha256(old_root).digest(), new_root, path)
    if path:
        assert not merkle.verify_consistency(old, new, old_root, new_root, path[:-1])
        assert not merkle.verify_consistency(old, new, old_root, new_root, [*path, old_root])


def test_an_empty_tree_is_a_prefix_of_every_tree_but_only_with_its_own_root() -> None:
    root = merkle.root(leaves(5))
    assert merkle.verify_consistency(0, 5, merkle.EMPTY_ROOT, root, [])
    assert not merkle.verify_consistency(0, 5, root, root, [])
    assert not merkle.verify_consistency(5, 4, root, root, [])


def test_places_outside_the_tree_are_refused() -> None:
    for index in (-1, 5):
        with pytest.raises(ValueError, match="outside"):
            merkle.inclusion_path(leaves(5), index)
    with pytest.raises(ValueError, match="prefix"):
        merkle.consistency_path(leaves(5), 6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_tiles_grown_in_any_batches_are_the_same_tree(batches: list[int]) -> None:
    total = sum(batches)
    hashes, stored = leaves(total), {}
    size = 0
    tree = Accumulator()
    for batch in batches:
        nodes = TileNodes(lambda level, index: stored.get((level, index)))
        changed = extend(nodes, size, hashes[size : size + batch])
        for key, content in changed.items():
            assert content.startswith(stored.get(key, b"")), "a tile only grows"
        stored.update(changed)
        for leaf in hashes[size : size + batch]:
            tree.add(leaf)
        size += batch
        assert merkle.root(nodes, size) == merkle.root(hashes[:size]) == tree.root()
    fresh = TileNodes(lambda level, index: stored.get((level, index)))
    for index in {0, total // 3, total - 1}:
        assert merkle.inclusion_path(fresh, index, total) == merkle.inclusion_path(hashes, index)
    assert set(full_tiles(0, total)) == {key for key, content in stored.items() if len(content) == TILE_BYTES}
    assert full_tiles(0, total) == sorted(full_tiles(0, total // 2) + full_tiles(total // 2, total))


def test_a_hole_in_the_tiles_is_noticed() -> None:
    empty = TileNodes(lambda _level, _index: None)
    with pytest.raises(MissingNode):
        merkle.root(empty, 3)
    with pytest.raises(MissingNode):
        extend(empty, 3, leaves(1))


def test_a_tile_is_named_as_tlog_tiles_names_it() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 67) == "tile/1/067"
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
